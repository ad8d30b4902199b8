/*
 * The string functions at all alignments and many sizes, against byte by byte references. Every
 * buffer ends at an inaccessible page: the library reads whole words and vectors, and a translator
 * must neither widen what it reads nor take it elsewhere.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

enum { ALIGNMENTS = 17, LARGE = 300 };

typedef unsigned char byte;

static int failures;
static size_t page;
static byte* left_end; /* just behind it comes a page without access */
static byte* right_end;
static uint64_t state = 1;

static const size_t sizes[] = {0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10, 11,  12,
                               13,  14,  15,  16,  17,  18,  23,  24,  25,  31,  32, 33,  47,
                               48,  49,  63,  64,  65,  79,  80,  81,  95,  96,  97, 111, 112,
                               113, 127, 128, 129, 160, 191, 192, 193, 255, 256, 257};

static void check(int holds, const char* what, size_t size, size_t offset) {
    if (!holds && ++failures < 20) {
        printf("WRONG: %s, size %zu, offset %zu\n", what, size, offset);
    }
}

static byte* guarded(void) {
    byte* memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + 2 * page, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }
    return memory + 2 * page;
}

static void fill(byte* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        data[i] = (byte)(next_random(&state) >> 56);
    }
}

/* Letters, in few kinds so that searches find something; ended with a zero. */
static void fill_text(byte* data, size_t size, unsigned kinds) {
    for (size_t i = 0; i < size; ++i) {
        data[i] = (byte)('a' + random_below(&state, kinds));
    }
    data[size] = 0;
}

static int sign(int value) { return (value > 0) - (value < 0); }

static void copies(void) {
    uint64_t hash = HASH_START;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t to = 0; to < ALIGNMENTS; ++to) {
            for (size_t from = 0; from < ALIGNMENTS; from += 1 + size / 40) {
                byte* target = left_end - size - to;
                byte* source = right_end - size - from;
                fill(source, size);
                memset(target - 8, 0xa5, size + 8 + to);
                byte* end = mempcpy(target, source, size);
                check(end == target + size, "mempcpy", size, to);
                for (size_t i = 0; i < size; ++i) {
                    check(target[i] == source[i], "memcpy", size, to * 100 + from);
                }
                for (size_t i = 1; i <= 8; ++i) {
                    check(target[-(ptrdiff_t)i] == 0xa5, "memcpy before", size, to);
                }
                for (size_t i = 0; i < to; ++i) {
                    check(target[size + i] == 0xa5, "memcpy behind", size, to);
                }
                hash = hash_bytes(hash, target, size);
            }
        }
    }
    printf("memcpy   %016llx\n", (unsigned long long)hash);
}

static void moves(void) {
    uint64_t hash = HASH_START;
    static const int shifts[] = {-65, -64, -33, -17, -16, -9, -8, -3, -1, 0,
                                 1,   2,   7,   8,   15,  16, 31, 63, 70};
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t at = 0; at < ALIGNMENTS; at += 3) {
            for (size_t i = 0; i < COUNT(shifts); ++i) {
                byte expected[LARGE];
                byte* source = left_end - size - at - 80;
                byte* target = source + shifts[i];
                fill(source, size);
                for (size_t k = 0; k < size; ++k) {
                    expected[k] = source[k];
                }
                check(memmove(target, source, size) == target, "memmove result", size, at);
                for (size_t k = 0; k < size; ++k) {
                    check(target[k] == expected[k], "memmove", size, at);
                }
                hash = hash_bytes(hash, target, size);
            }
        }
    }
    printf("memmove  %016llx\n", (unsigned long long)hash);
}

static void sets(void) {
    uint64_t hash = HASH_START;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t at = 0; at < ALIGNMENTS; ++at) {
            byte* target = left_end - size - at;
            byte value = at % 2 == 0 ? 0 : (byte)(size + at);
            memset(target - 1, 0x77, size + 1 + at);
            check(memset(target, value, size) == target, "memset result", size, at);
            for (size_t i = 0; i < size; ++i) {
                check(target[i] == value, "memset", size, at);
            }
            check(target[-1] == 0x77, "memset before", size, at);
            for (size_t i = 0; i < at; ++i) {
                check(target[size + i] == 0x77, "memset behind", size, at);
            }
            hash = hash_bytes(hash, target, size + at);
        }
    }
    printf("memset   %016llx\n", (unsigned long long)hash);
}

static void compares(void) {
    uint64_t hash = HASH_START;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t at = 0; at < ALIGNMENTS; ++at) {
            byte* a = left_end - size - 1 - at;
            byte* b = right_end - size - 1 - at * 5 % 16;
            fill_text(a, size, 26);
            memcpy(b, a, size + 1);
            check(memcmp(a, b, size) == 0, "memcmp equal", size, at);
            check(strcmp((char*)a, (char*)b) == 0, "strcmp equal", size, at);
            for (size_t place = 0; place < size; place += 1 + size / 9) {
                byte old = b[place];
                b[place] = (byte)(place % 2 == 0 ? old + 1U : 0xf0 + place % 8);
                check(memcmp(a, b, size) < 0 && memcmp(b, a, size) > 0, "memcmp", size, at);
                check(memcmp(a, b, place) == 0, "memcmp prefix", size, at);
                check(strcmp((char*)a, (char*)b) < 0, "strcmp", size, at);
                check(strcmp((char*)b, (char*)a) > 0, "strcmp", size, at);
                check(strncmp((char*)a, (char*)b, place) == 0, "strncmp prefix", size, at);
                check(strncmp((char*)a, (char*)b, place + 1) < 0, "strncmp", size, at);
                b[place] = (byte)(old - 32);
                check(strcasecmp((char*)a, (char*)b) == 0, "strcasecmp", size, at);
                check(sign(strcmp((char*)a, (char*)b)) == 1, "strcmp capitals", size, at);
                b[place] = 0;
                check(strcmp((char*)a, (char*)b) > 0, "strcmp shorter", size, at);
                check(strncasecmp((char*)a, (char*)b, place) == 0, "strncasecmp", size, at);
                b[place] = old;
                hash = hash_number(hash, a[place] * size + place);
            }
        }
    }
    printf("compare  %016llx\n", (unsigned long long)hash);
}

static const byte* first(const byte* text, size_t size, byte wanted) {
    for (size_t i = 0; i < size; ++i) {
        if (text[i] == wanted) {
            return text + i;
        }
    }
    return NULL;
}

static const byte* last(const byte* text, size_t size, byte wanted) {
    while (size-- > 0) {
        if (text[size] == wanted) {
            return text + size;
        }
    }
    return NULL;
}

static void searches(void) {
    uint64_t hash = HASH_START;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t at = 0; at < ALIGNMENTS; ++at) {
            byte* text = left_end - size - 1 - at;
            fill_text(text, size, 26);
            const char* string = (const char*)text;
            check(strlen(string) == size, "strlen", size, at);
            check(strnlen(string, size / 2) == size / 2, "strnlen", size, at);
            check(strnlen(string, size + 10) == size, "strnlen", size, at);
            for (int letter = 'a'; letter <= 'z' + 1; letter += 3) {
                const byte* there = first(text, size, (byte)letter);
                const byte* behind = last(text, size, (byte)letter);
                check((byte*)strchr(string, letter) == there, "strchr", size, at);
                check((byte*)strrchr(string, letter) == behind, "strrchr", size, at);
                check(memchr(text, letter, size) == there, "memchr", size, at);
                check(memrchr(text, letter, size) == behind, "memrchr", size, at);
                const byte* either = there == NULL ? text + size : there;
                check((byte*)strchrnul(string, letter) == either, "strchrnul", size, at);
                check(memchr(text, letter, (size_t)(either - text)) == NULL, "memchr short", size,
                      at);
                hash = hash_number(hash, (uint64_t)(either - text));
            }
            check(strchr(string, 0) == string + size, "strchr of zero", size, at);
            check(strrchr(string, 0) == string + size, "strrchr of zero", size, at);
            size_t span = 0;
            while (text[span] != 0 && text[span] < 'm') {
                ++span;
            }
            check(strspn(string, "abcdefghijkl") == span, "strspn", size, at);
            check(strcspn(string, "mnopqrstuvwxyz") == span, "strcspn", size, at);
            const char* found = strpbrk(string, "xyz");
            size_t until = strcspn(string, "zyx");
            check(found == (until == size ? NULL : string + until), "strpbrk", size, at);
        }
    }
    printf("search   %016llx\n", (unsigned long long)hash);
}

static const char* naive(const char* text, const char* wanted) {
    for (;; ++text) {
        size_t i = 0;
        while (wanted[i] != '\0' && wanted[i] == text[i]) {
            ++i;
        }
        if (wanted[i] == '\0') {
            return text;
        }
        if (*text == '\0') {
            return NULL;
        }
    }
}

static void substrings(void) {
    uint64_t hash = HASH_START;
    int found = 0;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t length = 0; length < 40; length += 1 + length / 6) {
            byte* text = left_end - size - 1;
            byte* wanted = right_end - length - 1;
            fill_text(text, size, 2 + (unsigned)(s % 2));
            fill_text(wanted, length, 2);
            if (length <= size && s % 3 == 0) {
                memcpy(text + size - length, wanted, length);
            }
            const char* place = strstr((char*)text, (char*)wanted);
            check(place == naive((char*)text, (char*)wanted), "strstr", size, length);
            check(memmem(text, size, wanted, length) == place, "memmem", size, length);
            found += place != NULL;
            hash = hash_number(hash, place == NULL ? size + 1 : (uint64_t)((byte*)place - text));
        }
    }
    printf("strstr   %016llx, %d found\n", (unsigned long long)hash, found);
}

static void string_copies(void) {
    uint64_t hash = HASH_START;
    for (size_t s = 0; s < COUNT(sizes); ++s) {
        size_t size = sizes[s];
        for (size_t at = 0; at < ALIGNMENTS; ++at) {
            char* target = (char*)left_end - size - 1 - at;
            char* source = (char*)right_end - size - 1 - at * 3 % 16;
            fill_text((byte*)source, size, 26);
            memset(target, 0x5a, size + 1 + at);
            check(strcpy(target, source) == target, "strcpy result", size, at);
            check(memcmp(target, source, size + 1) == 0, "strcpy", size, at);
            check(at == 0 || target[size + 1] == 0x5a, "strcpy behind", size, at);
            check(stpcpy(target, source) == target + size, "stpcpy", size, at);
            memset(target, 0x5a, size + 1 + at);
            check(strncpy(target, source, size / 2) == target, "strncpy", size, at);
            check(memcmp(target, source, size / 2) == 0, "strncpy", size, at);
            check(target[size / 2] == 0x5a, "strncpy behind", size, at);
            if (at > 4) {
                strncpy(target, source, size + 5);
                for (size_t i = size; i < size + 5; ++i) {
                    check(target[i] == 0, "strncpy pads", size, at);
                }
            }
            target[size / 2] = '\0';
            strcat(target, source + size / 2);
            check(strcmp(target, source) == 0, "strcat", size, at);
            target[size / 3] = '\0';
            strncat(target, source + size / 3, size / 3);
            check(strlen(target) == size / 3 * 2, "strncat", size, at);
            hash = hash_bytes(hash, target, strlen(target));
            char* copy = strdup(source);
            check(strcmp(copy, source) == 0, "strdup", size, at);
            free(copy);
        }
    }
    printf("strcpy   %016llx\n", (unsigned long long)hash);
}

static void words(void) {
    char text[] = "  the quick,brown ;; fox\tjumps over,, the lazy dog ";
    char* rest = NULL;
    for (char* word = strtok_r(text, " ,;\t", &rest); word != NULL;
         word = strtok_r(NULL, " ,;\t", &rest)) {
        printf("word \"%s\"\n", word);
    }
    char fields[] = "a::b:";
    char* place = fields;
    for (char* field = strsep(&place, ":"); field != NULL; field = strsep(&place, ":")) {
        printf("field \"%s\"\n", field);
    }
    printf("%ld %lld %lu %#lx %d\n", strtol("-1234xyz", NULL, 10),
           strtoll("7fffffffffffffff", NULL, 16), strtoul("0x1ffffffff", NULL, 0),
           strtoul("777", NULL, 8), atoi("  42 "));
}

int main(void) {
    page = (size_t)sysconf(_SC_PAGESIZE);
    left_end = guarded();
    right_end = guarded();
    copies();
    moves();
    sets();
    compares();
    searches();
    substrings();
    string_copies();
    words();
    printf("failures: %d\n", failures);
    return failures == 0 ? 0 : 1;
}
