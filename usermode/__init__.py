"""User mode: AArch64 Linux programs as processes of the host. Knows no system mode."""
