/* The kernels of `make bench`: each does `rounds` rounds of its work and returns a checksum. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

uint64_t run_mix(unsigned rounds);
uint64_t run_sieve(unsigned rounds);
uint64_t run_sha256(unsigned rounds);
uint64_t run_crc32(unsigned rounds);
uint64_t run_qsort(unsigned rounds);
uint64_t run_matrix(unsigned rounds);
uint64_t run_fib(unsigned rounds);
uint64_t run_interpreter(unsigned rounds);

uint64_t run_list(unsigned rounds);
uint64_t run_strings(unsigned rounds);
uint64_t run_memcpy(unsigned rounds);

uint64_t run_nbody(unsigned rounds);
uint64_t run_mandelbrot(unsigned rounds);
uint64_t run_matrix_float(unsigned rounds);

#endif
