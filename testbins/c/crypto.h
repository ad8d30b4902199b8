/* What crypto.c and crypto_hashes.c share. */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

/* The features that a function needs: the rest of the program, the C library's included, runs on
 * any machine. */
#define NEEDS(features) __attribute__((target("arch=armv8.2-a+" features)))

void print_hex(const char* what, const void* data, size_t size);

void print_sha1(void);
void print_sha256(void);
void print_sha512(void);
void print_sha3(void);
void print_sm3(void);

#endif
