/* Kernels of integer arithmetic, branches and calls. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check.h"

/* One round: a million steps of shifts, multiplications and unpredictable branches. */
uint64_t run_mix(unsigned rounds) {
    uint64_t a = 1;
    uint64_t b = 0x9e3779b97f4a7c15;
    uint32_t c = 7;
    for (unsigned round = 0; round < rounds; ++round) {
        for (unsigned i = 0; i < 1000000; ++i) {
            a = a * 6364136223846793005 + 1442695040888963407;
            b ^= a >> 29;
            b = b << 13 | b >> 51;
            c = (uint32_t)(b >> 32) * 31 + c;
            if ((c & 3) == 0) {
                b += c;
            } else if ((int32_t)c < 0) {
                a ^= b;
            }
            c -= c >> 5;
        }
    }
    return a ^ b ^ c;
}

uint64_t run_sieve(unsigned rounds) {
    enum { LIMIT = 400000 };
    static unsigned char composite[LIMIT];
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        memset(composite, 0, sizeof composite);
        for (unsigned i = 2; i < LIMIT; ++i) {
            if (!composite[i]) {
                total += i ^ round;
                for (uint64_t multiple = (uint64_t)i * i; multiple < LIMIT; multiple += i) {
                    composite[multiple] = 1;
                }
            }
        }
    }
    return total;
}

static uint32_t rotate(uint32_t value, unsigned by) { return value >> by | value << (32 - by); }

/* FIPS 180-4's constants are fractions of roots; nothing here needs the true ones but the shape. */
static void sha_block(uint32_t state[8], const uint32_t keys[64], const unsigned char* data) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i) {
        uint32_t word;
        memcpy(&word, data + 4 * i, 4);
        w[i] = __builtin_bswap32(word);
    }
    for (int i = 16; i < 64; ++i) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; ++i) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t first = v[7] + s1 + choice + keys[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + s0 + majority;
    }
    for (int i = 0; i < 8; ++i) {
        state[i] += v[i];
    }
}

/* One round: 64 KiB. */
uint64_t run_sha256(unsigned rounds) {
    static unsigned char data[65536];
    uint32_t keys[64];
    uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint64_t seed = 256;
    for (int i = 0; i < 64; ++i) {
        keys[i] = (uint32_t)next_random(&seed);
    }
    for (size_t i = 0; i < sizeof data; ++i) {
        data[i] = (unsigned char)next_random(&seed);
    }
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t at = 0; at < sizeof data; at += 64) {
            sha_block(state, keys, data + at);
        }
    }
    return hash_bytes(HASH_START, state, sizeof state);
}

/* One round: 64 KiB, a byte at a time through a table. */
uint64_t run_crc32(unsigned rounds) {
    static unsigned char data[65536];
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320 : 0);
        }
        table[i] = value;
        data[i * 256] = (unsigned char)i;
    }
    uint32_t crc = 0xffffffff;
    for (unsigned round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < sizeof data; ++i) {
            crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
        }
    }
    return ~crc;
}

static int compare(const void* a, const void* b) {
    uint32_t x = *(const uint32_t*)a;
    uint32_t y = *(const uint32_t*)b;
    return (x > y) - (x < y);
}

static void quick_sort(uint32_t* values, long low, long high) {
    while (low < high) {
        uint32_t pivot = values[(low + high) / 2];
        long i = low;
        long j = high;
        while (i <= j) {
            while (values[i] < pivot) {
                ++i;
            }
            while (values[j] > pivot) {
                --j;
            }
            if (i <= j) {
                uint32_t swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        quick_sort(values, low, j);
        low = i;
    }
}

/* One round: 20000 numbers, by the library's sort (calls back) and by one of our own. */
uint64_t run_qsort(unsigned rounds) {
    enum { LENGTH = 20000 };
    static uint32_t values[LENGTH];
    static uint32_t others[LENGTH];
    uint64_t seed = 5;
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        for (int i = 0; i < LENGTH; ++i) {
            values[i] = (uint32_t)(next_random(&seed) >> 32);
            others[i] = ~values[i];
        }
        qsort(values, LENGTH, sizeof *values, compare);
        quick_sort(others, 0, LENGTH - 1);
        total += values[LENGTH / 3] ^ others[LENGTH / 5];
    }
    return total;
}

uint64_t run_matrix(unsigned rounds) {
    enum { SIZE = 96 };
    static int32_t a[SIZE][SIZE];
    static int32_t b[SIZE][SIZE];
    static int32_t c[SIZE][SIZE];
    for (int i = 0; i < SIZE; ++i) {
        for (int j = 0; j < SIZE; ++j) {
            a[i][j] = i * 3 + j;
            b[i][j] = i - j * 7;
        }
    }
    for (unsigned round = 0; round < rounds; ++round) {
        for (int i = 0; i < SIZE; ++i) {
            for (int j = 0; j < SIZE; ++j) {
                int32_t sum = 0;
                for (int k = 0; k < SIZE; ++k) {
                    sum += a[i][k] * b[k][j];
                }
                c[i][j] = sum;
            }
        }
        a[round % SIZE][round % 7] ^= c[round % 11][round % SIZE] & 0xff;
    }
    return hash_bytes(HASH_START, c, sizeof c);
}

__attribute__((noinline)) static unsigned fib(unsigned n) {
    unsigned (*volatile self)(unsigned) = fib; /* else gcc unrolls the recursion into loops */
    return n < 2 ? n : self(n - 1) + fib(n - 2);
}

uint64_t run_fib(unsigned rounds) {
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        total = total * 3 + fib(24 + (round & 1));
    }
    return total;
}

/* A bytecode interpreter: a switch in a loop, and operations called through a table. */
enum opcode { PUSH, ADD, SUB, MUL, DUP, SWAP, DROP, LESS, JUMP, JUMP_IF, LOAD, STORE, CALL, HALT };

struct machine {
    uint64_t stack[16];
    uint64_t variables[4];
};

static uint64_t mangle(uint64_t value) { return value ^ value >> 7; }
static uint64_t turn(uint64_t value) { return value << 5 | value >> 59; }
static uint64_t negate(uint64_t value) { return -value; }
static uint64_t spread(uint64_t value) { return value * 0x100000001b3; }

static uint64_t interpret(struct machine* machine, const uint32_t* code) {
    static uint64_t (*const functions[])(uint64_t) = {mangle, turn, negate, spread};
    uint64_t* top = machine->stack;
    uint64_t swap;
    for (const uint32_t* at = code;;) {
        uint32_t operand = *at >> 8;
        switch ((enum opcode)(*at++ & 255)) {
            case PUSH: *++top = operand; break;
            case ADD:
                --top;
                *top += top[1];
                break;
            case SUB:
                --top;
                *top -= top[1];
                break;
            case MUL:
                --top;
                *top *= top[1];
                break;
            case DUP:
                ++top;
                *top = top[-1];
                break;
            case SWAP:
                swap = *top;
                *top = top[-1];
                top[-1] = swap;
                break;
            case DROP: --top; break;
            case LESS:
                --top;
                *top = *top < top[1];
                break;
            case JUMP: at = code + operand; break;
            case JUMP_IF: at = *top-- != 0 ? code + operand : at; break;
            case LOAD: *++top = machine->variables[operand]; break;
            case STORE: machine->variables[operand] = *top--; break;
            case CALL: *top = functions[(operand + *top) & 3](*top); break;
            case HALT: return *top;
        }
    }
}

/* One round: a guest loop of 10000 turns. */
uint64_t run_interpreter(unsigned rounds) {
    static const uint32_t code[] = {PUSH,
                                    STORE, /* i = 0 */
                                    LOAD | 1 << 8,
                                    CALL,
                                    LOAD,
                                    ADD, /* 2: x = f(x) + i */
                                    DUP,
                                    MUL,
                                    PUSH | 3 << 8,
                                    SWAP,
                                    SUB,
                                    CALL | 1 << 8,
                                    STORE | 1 << 8,
                                    LOAD,
                                    PUSH | 1 << 8,
                                    ADD,
                                    DUP,
                                    STORE,
                                    PUSH | 10000 << 8,
                                    LESS,
                                    JUMP_IF | 2 << 8,
                                    LOAD | 1 << 8,
                                    HALT};
    struct machine machine = {{0}, {0, 12345}};
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        total ^= interpret(&machine, code) + round;
    }
    return total;
}
