"""`slawatch demo`: a local Kafka, a simulated help desk in fast time, the real worker, and its alerts on the screen."""

from slawatch.demo.runner import run

__all__ = ["run"]
