"""Send the worker one event, of a P1 that was opened 20 minutes ago, and show what it says: `send.py [BROKERS]`."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def main(brokers: str) -> None:
    now = datetime.now(UTC)
    event = {
        "id": f"e-{now.timestamp()}",
        "ticket": f"INC-{now:%H%M%S}",
        "at": now.isoformat(),
        "opened_at": (now - timedelta(minutes=20)).isoformat(),
        "status": "New",
        "priority": "P1",
        "customer": "ACME",
        "kind": "incident",
    }
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        await producer.send_and_wait("tickets", json.dumps(event).encode(), key=event["ticket"].encode())
    breaches = AIOKafkaConsumer(
        "sla-breaches", bootstrap_servers=brokers, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        async with breaches, asyncio.timeout(30):
            async for record in breaches:
                if record.key == event["ticket"].encode():
                    print(record.value.decode())
                    return
    except TimeoutError:
        sys.exit(
            "no breach in 30 s: does a worker run, and do its agreements promise ACME an answer to a P1 in 20 min?"
        )


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
