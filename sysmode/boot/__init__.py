"""What a machine starts with: kernels, initial RAM disks, where they lie."""
