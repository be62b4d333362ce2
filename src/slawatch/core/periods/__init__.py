"""Promises about calendar periods: services that are up, tickets in time, customers content, and what is owed if not."""
