"""The toy work in QuixStreams: a list of the last tuples for each key, exactly once, in a RocksDB store.

It stands alone (`bench/requirements.txt`) and reads a topic from its beginning until nothing has come for a while.
"""

import argparse
import tempfile
from typing import Any

from quixstreams import Application, State


def main() -> None:
    parser = argparse.ArgumentParser(description="the toy work in QuixStreams")
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--list-length", type=int, default=5)
    parser.add_argument("--commit-every", type=int, default=20_000)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds without a record after which it ends")
    arguments = parser.parse_args()
    length = arguments.list_length

    def remember(event: dict[str, Any], state: State) -> None:
        held = state.get("held", [])
        held.append((event["at"], event["status"]))
        state.set("held", held[-length:])

    with tempfile.TemporaryDirectory(prefix="quix-peer-") as folder:
        app = Application(
            broker_address=arguments.brokers,
            consumer_group=arguments.group,
            auto_offset_reset="earliest",
            processing_guarantee="exactly-once",
            commit_every=arguments.commit_every,
            state_dir=folder,
        )
        app.dataframe(app.topic(arguments.topic)).update(remember, stateful=True)
        app.run(timeout=arguments.idle, collect=False)


if __name__ == "__main__":
    main()
