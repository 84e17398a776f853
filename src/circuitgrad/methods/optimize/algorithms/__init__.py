"""The methods of optimisation, each in the file of its name."""
