"""Development scripts. Not part of the wheel."""
