"""Runs contestants in turns, each in a process of its own, and tells how they did. It knows nothing of circuits."""
