"""Moves the inputs of a circuit towards a goal."""
