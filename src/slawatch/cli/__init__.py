"""The command `slawatch`: each command is a function from its arguments to an exit code.

0: fine; 1: problems were found; 2: wrong usage, settings or agreements. What goes wrong is said in a sentence on
standard error, never in a traceback. What a command needs is imported when it runs, as starting quickly matters.
"""

from slawatch.cli.main import main

__all__ = ["main"]
