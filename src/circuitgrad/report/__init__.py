"""How results are shown: tables, JSON, CSV, Markdown."""
