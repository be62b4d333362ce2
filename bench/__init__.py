"""Measurements against a local Kafka, and the same work done by other libraries."""
