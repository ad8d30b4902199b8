"""Specifications of user mode: the AArch64 Linux syscall table."""
