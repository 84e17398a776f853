"""Starting files: circuits with comments, to run at once and to change."""
