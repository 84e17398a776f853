"""Mathematical functions of several doubles at once."""
