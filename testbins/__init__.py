"""Guest programs: their sources, the list of them, and their builder."""
