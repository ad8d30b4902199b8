/* Kernels of memory: chasing pointers, strings, copies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check.h"

struct node {
    struct node* next;
    uint32_t value;
    uint32_t marks;
};

/* One round: a list of 4096 shuffled nodes is walked, marked and reversed. */
uint64_t run_list(unsigned rounds) {
    enum { LENGTH = 4096 };
    static struct node nodes[LENGTH];
    static unsigned order[LENGTH];
    uint64_t seed = 17;
    for (unsigned i = 0; i < LENGTH; ++i) {
        unsigned other = random_below(&seed, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    struct node* head = NULL;
    for (unsigned i = 0; i < LENGTH; ++i) {
        nodes[order[i]] = (struct node){head, i * 2654435761U, 0};
        head = &nodes[order[i]];
    }
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        struct node* reversed = NULL;
        while (head != NULL) {
            struct node* next = head->next;
            if ((head->value & 1) != 0) {
                total += head->value;
            } else {
                head->marks += round;
            }
            head->value = head->value >> 1 | head->value << 31;
            head->next = reversed;
            reversed = head;
            head = next;
        }
        head = reversed;
        total = total * 31 + head->marks;
    }
    return total;
}

/* One round: 200 words are made, measured, compared, searched for, joined. */
uint64_t run_strings(unsigned rounds) {
    enum { WORDS = 200 };
    static char words[WORDS][48];
    static char text[WORDS * 48];
    uint64_t seed = 23;
    uint64_t total = 0;
    for (int i = 0; i < WORDS; ++i) {
        unsigned length = 3 + random_below(&seed, 40);
        for (unsigned k = 0; k < length; ++k) {
            words[i][k] = (char)('a' + random_below(&seed, 4));
        }
    }
    for (unsigned round = 0; round < rounds; ++round) {
        char* end = text;
        for (int i = 0; i < WORDS; ++i) {
            end = stpcpy(end, words[i]);
            *end++ = ' ';
        }
        *end = '\0';
        total += strlen(text);
        for (int i = 1; i < WORDS; ++i) {
            total += strcmp(words[i], words[i - 1]) < 0;
            total += (uint64_t)(strchr(words[i], 'a' + (int)round % 5) != NULL);
        }
        for (int i = 0; i < WORDS; i += 40) {
            total += (uint64_t)(strstr(text, words[(i + (int)round) % WORDS]) - text);
        }
        char number[32];
        snprintf(number, sizeof number, "%u:%llx", round, (unsigned long long)total);
        total += strtoul(number, NULL, 10) + strlen(number);
        words[round % WORDS][1] = (char)('a' + round % 4);
    }
    return total;
}

/* One round: 640 copies of 1 to 16 KiB at odd places. */
uint64_t run_memcpy(unsigned rounds) {
    enum { SIZE = 65536 };
    static unsigned char from[SIZE];
    static unsigned char to[SIZE];
    uint64_t seed = 29;
    uint64_t total = 0;
    for (size_t i = 0; i < SIZE; ++i) {
        from[i] = (unsigned char)next_random(&seed);
    }
    for (unsigned round = 0; round < rounds; ++round) {
        for (int i = 0; i < 640; ++i) {
            size_t size = 1024U << (i % 5);
            size_t source = random_below(&seed, (uint32_t)(SIZE - size));
            size_t target = random_below(&seed, (uint32_t)(SIZE - size));
            memcpy(to + target, from + source, size);
            total += to[target + size / 2];
        }
        memset(to + round % 1000, (int)round, 30000);
        memmove(from + 1, from, 30000);
    }
    return total ^ hash_bytes(HASH_START, to, SIZE);
}

/* ---- the C library's functions over sizes from a few bytes to what no first cache holds */

enum { LARGEST = 65536 };

/* How often a size is done in a round: about as many bytes of each. */
static unsigned times_for(size_t size) { return (unsigned)(LARGEST / (size + 64)) + 1; }

typedef void* copy_function(void* restrict to, const void* restrict from, size_t size);

static uint64_t copy_sizes(unsigned rounds, copy_function* copy) {
    static char from[LARGEST + 64];
    static char to[LARGEST + 64];
    uint64_t total = 0;
    memset(from, 'x', sizeof from);
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t size = 4; size <= LARGEST; size *= 4) {
            for (unsigned n = times_for(size); n != 0; --n) {
                copy(to + (n & 15), from + (n * 5 & 31), size - (n & 3));
                __asm__ volatile("" : : : "memory");
            }
            from[round % size] ^= (char)size;
            total += (unsigned char)to[size / 2];
        }
    }
    return total ^ hash_bytes(HASH_START, to, sizeof to);
}

uint64_t run_copy_sizes(unsigned rounds) { return copy_sizes(rounds, memcpy); }

/* FEAT_MOPS in the guest, the C library's memcpy in the native build. */
#ifdef __aarch64__
__attribute__((target("arch=armv8.8-a"))) static void* copy_mops(void* restrict to,
                                                                 const void* restrict from,
                                                                 size_t size) {
    void* end = to;
    __asm__ volatile("cpyfp [%0]!, [%1]!, %2!\n\tcpyfm [%0]!, [%1]!, %2!\n\tcpyfe [%0]!, [%1]!, %2!"
                     : "+&r"(end), "+&r"(from), "+&r"(size)
                     :
                     : "memory", "cc");
    return to;
}
#else
#define copy_mops memcpy
#endif
uint64_t run_copy_mops(unsigned rounds) { return copy_sizes(rounds, copy_mops); }

uint64_t run_length_sizes(unsigned rounds) {
    static char text[LARGEST + 64];
    uint64_t total = 0;
    memset(text, 'x', sizeof text);
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t size = 4; size <= LARGEST; size *= 4) {
            text[size] = '\0';
            for (unsigned n = times_for(size); n != 0; --n) {
                const char* start = text + (n & 3);
                __asm__ volatile("" : "+r"(start) : : "memory");
                total += strlen(start);
            }
            text[size] = 'x';
        }
    }
    return total;
}

uint64_t run_search_sizes(unsigned rounds) {
    static char text[LARGEST + 64];
    uint64_t total = 0;
    memset(text, 'x', sizeof text);
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t size = 4; size <= LARGEST; size *= 4) {
            text[size] = 'y';
            for (unsigned n = times_for(size); n != 0; --n) {
                const char* start = text + (n & 3);
                __asm__ volatile("" : "+r"(start) : : "memory");
                total += (uint64_t)((const char*)memchr(start, 'y', sizeof text - 3) - text);
            }
            text[size] = 'x';
        }
    }
    return total;
}
