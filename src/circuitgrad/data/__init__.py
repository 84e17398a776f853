"""Rows of data in and out, in every format of files; nothing here knows of YAML."""
