/* Atomic operations of every width and order, by one thread: their results, not their atomicity. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "check.h"

#define ATOMIC_TEST(name, type)                                                             \
    static uint64_t name(uint64_t hash) {                                                   \
        static type cells[4];                                                               \
        uint64_t state = sizeof(type);                                                      \
        for (int i = 0; i < 400; ++i) {                                                     \
            type* cell = &cells[i % 4];                                                     \
            type value = (type)next_random(&state);                                         \
            type old[8];                                                                    \
            old[0] = __atomic_fetch_add(cell, value, __ATOMIC_SEQ_CST);                     \
            old[1] = __atomic_fetch_sub(cell, (type)(value >> 1), __ATOMIC_RELAXED);        \
            old[2] = __atomic_fetch_and(cell, (type)(value | 0x55), __ATOMIC_ACQUIRE);      \
            old[3] = __atomic_fetch_or(cell, (type)(value & 0x3c), __ATOMIC_RELEASE);       \
            old[4] = __atomic_fetch_xor(cell, value, __ATOMIC_ACQ_REL);                     \
            old[5] = __atomic_exchange_n(cell, (type)(old[4] + 1), __ATOMIC_SEQ_CST);       \
            old[6] = __atomic_add_fetch(cell, (type)3, __ATOMIC_RELAXED);                   \
            old[7] = __atomic_load_n(cell, __ATOMIC_ACQUIRE);                               \
            type expected = i % 3 == 0 ? (type)(old[7] + 1) : old[7];                       \
            bool swapped = __atomic_compare_exchange_n(cell, &expected, value, false,       \
                                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
            hash = hash_bytes(hash_number(hash, swapped), old, sizeof old);                 \
            hash = hash_number(hash, expected);                                             \
            while (!__atomic_compare_exchange_n(cell, &expected, (type)~expected, true,     \
                                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {      \
            }                                                                               \
            __atomic_store_n(cell, (type)(*cell ^ 1), __ATOMIC_RELEASE);                    \
            __atomic_thread_fence(__ATOMIC_SEQ_CST);                                        \
        }                                                                                   \
        return hash_bytes(hash, cells, sizeof cells);                                       \
    }

ATOMIC_TEST(bytes, uint8_t)
ATOMIC_TEST(halves, uint16_t)
ATOMIC_TEST(words, uint32_t)
ATOMIC_TEST(longs, uint64_t)

static bool spin;

static void lock(void) {
    while (__atomic_test_and_set(&spin, __ATOMIC_ACQUIRE)) {
    }
}

static void unlock(void) { __atomic_clear(&spin, __ATOMIC_RELEASE); }

int main(void) {
    printf("bytes  %016" PRIx64 "\n", bytes(HASH_START));
    printf("halves %016" PRIx64 "\n", halves(HASH_START));
    printf("words  %016" PRIx64 "\n", words(HASH_START));
    printf("longs  %016" PRIx64 "\n", longs(HASH_START));
    unsigned total = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        lock();
        total += i;
        unlock();
    }
    printf("locked %u\n", total);
    return 0;
}
