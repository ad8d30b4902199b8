/* Usage: bench KERNEL ROUNDS; prints the kernel's checksum. Without arguments, lists the kernels.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check.h"

static const struct {
    const char* name;
    uint64_t (*run)(unsigned rounds);
} kernels[] = {
    {"mix", run_mix},
    {"sieve", run_sieve},
    {"sha256", run_sha256},
    {"crc32", run_crc32},
    {"qsort", run_qsort},
    {"matrix", run_matrix},
    {"fib", run_fib},
    {"interpreter", run_interpreter},
    {"list", run_list},
    {"strings", run_strings},
    {"memcpy", run_memcpy},
    {"nbody", run_nbody},
    {"mandelbrot", run_mandelbrot},
    {"matrix-float", run_matrix_float},
    {"matrix-double", run_matrix_double},
    {"neon-matrix-f16", run_neon_matrix_f16},
    {"neon-matrix-f32", run_neon_matrix_f32},
    {"neon-matrix-f64", run_neon_matrix_f64},
    {"fft", run_fft},
    {"filter-q15", run_filter_q15},
    {"filter-wide", run_filter_wide},
    {"blend", run_blend},
    {"chacha20", run_chacha20},
    {"crc32c", run_crc32c},
    {"crypto-aes-ctr", run_crypto_aes_ctr},
    {"crypto-sha256", run_crypto_sha256},
    {"copy-mops", run_copy_mops},
    {"copy-sizes", run_copy_sizes},
    {"length-sizes", run_length_sizes},
    {"search-sizes", run_search_sizes},
};

int main(int argc, char** argv) {
    for (size_t i = 0; i < COUNT(kernels); ++i) {
        if (argc < 3) {
            puts(kernels[i].name);
        } else if (strcmp(argv[1], kernels[i].name) == 0) {
            printf("%016" PRIx64 "\n", kernels[i].run((unsigned)strtoul(argv[2], NULL, 10)));
            return 0;
        }
    }
    return argc < 3 ? 0 : 2;
}
