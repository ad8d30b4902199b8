"""Networks of a machine."""
