"""Shortcuts for large files, whose lines and formulas are alike."""
