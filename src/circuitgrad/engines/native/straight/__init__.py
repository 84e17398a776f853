"""A circuit's passes as straight-line code: every wire is a register, there are no tables to look up."""
