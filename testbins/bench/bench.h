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

uint64_t run_copy_sizes(unsigned rounds);
uint64_t run_copy_mops(unsigned rounds);
uint64_t run_length_sizes(unsigned rounds);
uint64_t run_search_sizes(unsigned rounds);

uint64_t run_matrix_double(unsigned rounds);
uint64_t run_neon_matrix_f16(unsigned rounds);
uint64_t run_neon_matrix_f32(unsigned rounds);
uint64_t run_neon_matrix_f64(unsigned rounds);
uint64_t run_fft(unsigned rounds);

uint64_t run_filter_q15(unsigned rounds);
uint64_t run_filter_wide(unsigned rounds);
uint64_t run_blend(unsigned rounds);
uint64_t run_chacha20(unsigned rounds);
uint64_t run_crc32c(unsigned rounds);

uint64_t run_crypto_aes_ctr(unsigned rounds);
uint64_t run_crypto_sha256(unsigned rounds);

#endif
