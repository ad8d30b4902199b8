/* The allocator: random allocation, growth and release; every block's content is checked. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { BLOCKS = 512, STEPS = 20000 };

struct block {
    unsigned char* data;
    size_t size;
    unsigned seed;
};

static struct block blocks[BLOCKS];
static uint64_t state = 2024;
static int failures;

static unsigned char expected(unsigned seed, size_t place) {
    return (unsigned char)(seed + place * 7 + (place >> 8));
}

static void fill(struct block* block) {
    for (size_t i = 0; i < block->size; ++i) {
        block->data[i] = expected(block->seed, i);
    }
}

static void verify(const struct block* block, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        failures += block->data[i] != expected(block->seed, i);
    }
}

/* Mostly small, sometimes large enough for a mapping of its own. */
static size_t random_size(void) {
    unsigned kind = random_below(&state, 1000);
    if (kind < 700) {
        return random_below(&state, 200);
    }
    return kind < 996 ? random_below(&state, 4000) : 100000 + random_below(&state, 200000);
}

static void allocate(struct block* block) {
    static const size_t alignments[] = {16, 32, 64, 256, 4096};
    block->size = random_size();
    block->seed = random_below(&state, 256);
    switch (random_below(&state, 4)) {
        case 0:
            block->data = calloc(block->size / 4 + 1, 4);
            for (size_t i = 0; i < block->size; ++i) {
                failures += block->data[i] != 0;
            }
            break;
        case 1: {
            size_t alignment = alignments[random_below(&state, COUNT(alignments))];
            void* data = NULL;
            failures += posix_memalign(&data, alignment, block->size) != 0;
            failures += (uintptr_t)data % alignment != 0;
            block->data = data;
            break;
        }
        default: block->data = malloc(block->size); break;
    }
    failures += block->data == NULL || (uintptr_t)block->data % 16 != 0;
    fill(block);
}

int main(void) {
    unsigned counts[4] = {0};
    uint64_t hash = HASH_START;
    for (int step = 0; step < STEPS; ++step) {
        struct block* block = &blocks[random_below(&state, BLOCKS)];
        if (block->data == NULL) {
            allocate(block);
            ++counts[0];
        } else if (random_below(&state, 4) == 0) {
            size_t size = random_size() + 1;
            block->data = realloc(block->data, size);
            verify(block, size < block->size ? size : block->size);
            block->size = size;
            fill(block);
            ++counts[1];
        } else {
            verify(block, block->size);
            failures += malloc_usable_size(block->data) < block->size;
            hash = hash_bytes(hash, block->data, block->size < 64 ? block->size : 64);
            free(block->data);
            block->data = NULL;
            ++counts[2];
        }
        if (step % 2000 == 1999) {
            size_t total = 0;
            for (int i = 0; i < BLOCKS; ++i) {
                total += blocks[i].data == NULL ? 0 : blocks[i].size;
                counts[3] += blocks[i].data != NULL;
            }
            printf("step %d: %zu bytes live, %016llx\n", step + 1, total, (unsigned long long)hash);
        }
    }
    for (int i = 0; i < BLOCKS; ++i) {
        if (blocks[i].data != NULL) {
            verify(&blocks[i], blocks[i].size);
        }
        free(blocks[i].data);
    }
    printf("%u allocated, %u resized, %u freed, %u seen live\n", counts[0], counts[1], counts[2],
           counts[3]);
    char* text = NULL;
    size_t length = 0;
    FILE* stream = open_memstream(&text, &length);
    for (int i = 0; i < 1000; ++i) {
        fprintf(stream, "%d,", i * i);
    }
    fclose(stream);
    printf("stream: %zu bytes, %016llx\n", length,
           (unsigned long long)hash_bytes(HASH_START, text, length));
    free(text);
    volatile size_t huge = SIZE_MAX / 2;
    void* volatile none[] = {malloc(huge), calloc(huge, 4)};
    printf("too much: %d\n", none[0] == NULL && none[1] == NULL);
    printf("failures: %d\n", failures);
    return failures == 0 ? 5 : 1;
}
