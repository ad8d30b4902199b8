"""Generators of user mode."""
