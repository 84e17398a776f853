"""Circuits: their structure, their passes, and the guide's units and gates."""
