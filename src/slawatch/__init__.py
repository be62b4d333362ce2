"""Watches service level agreements as a stream of ticket and monitoring events."""
