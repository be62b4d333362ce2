"""A period's report for people and for tables: HTML to print, text, Markdown, CSV; in English and Russian.

It knows the report as it stands on its topic, and what else is known where the events are at hand (`evidence`). It
computes no verdict.
"""
