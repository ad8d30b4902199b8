"""System mode: a whole AArch64 machine. Knows no user mode."""
