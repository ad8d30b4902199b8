"""The benchmark: native, qemu-aarch64 and pydbt side by side (`make bench`)."""
