"""LLVM's language: functions written as text, formulas lowered to operations, and machine code made of them."""
