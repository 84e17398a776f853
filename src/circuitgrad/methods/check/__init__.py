"""Proves the gradient of a circuit, gate by gate."""
