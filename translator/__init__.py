"""The translation engine: specifications, generators, oracle. Knows no syscall and no device."""
