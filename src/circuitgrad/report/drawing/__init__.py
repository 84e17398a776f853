"""The circuit as a drawing: SVG, PNG, DOT, Mermaid and text."""
