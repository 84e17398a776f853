"""The version, a literal: asking the package's metadata for it would cost 65 ms."""

__version__ = "0.1.0"
