"""The circuit as one HTML page that computes in the browser."""
