"""A circuit of many gates as a tape: arrays of the gates' rules and operands, which machine code runs over."""
