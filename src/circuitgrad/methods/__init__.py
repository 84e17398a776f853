"""What is done with a circuit: numeric gradients, checks, optimisation."""
