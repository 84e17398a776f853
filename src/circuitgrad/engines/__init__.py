"""What computes many passes over one circuit."""
