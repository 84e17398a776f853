"""The command line: one short file a command, each of which loads, calls and reports."""

from circuitgrad.cli.main import run

__all__ = ["run"]
