"""Rows of data in and out, whatever their file is; nothing here knows of YAML."""
