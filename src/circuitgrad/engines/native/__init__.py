"""The passes as machine code, made from the gate table by LLVM: at single points, and over rows, several at once."""
