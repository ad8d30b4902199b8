"""Boards: what is where, and the device tree that says so."""
