"""Agreements as people write them: YAML files to core values, every mistake at once with file, line and field."""

from slawatch.agreements.durations import duration
from slawatch.agreements.load import AgreementsFile, Summary, load, loads
from slawatch.agreements.problem import AgreementsError, Problem
from slawatch.agreements.schema import schema

__all__ = ["AgreementsError", "AgreementsFile", "Problem", "Summary", "duration", "load", "loads", "schema"]
