"""`python -m circuitgrad` is the command `circuitgrad`."""

from circuitgrad.cli import run

if __name__ == "__main__":
    run()
