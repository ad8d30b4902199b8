"""An IR interpreter in Python, from the semantics in spec/ir.py: what the C++ is compared with."""
