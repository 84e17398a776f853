"""Text to formulas and back: the only reader and printer."""
