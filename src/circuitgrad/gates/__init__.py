"""The table of gates, and the number systems that its rules are computed in."""
