"""Circuit files: from YAML or JSON text to a circuit."""
