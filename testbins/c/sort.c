/* Sorting and searching: the library's qsort and bsearch, and heap, merge, shell and radix sorts.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { LENGTH = 700 };

static int failures;

static int compare_ints(const void* a, const void* b) {
    int x = *(const int*)a;
    int y = *(const int*)b;
    return (x > y) - (x < y);
}

static int compare_doubles(const void* a, const void* b) {
    double x = *(const double*)a;
    double y = *(const double*)b;
    return (x > y) - (x < y);
}

static int compare_names(const void* a, const void* b) {
    return strcmp(*(char* const*)a, *(char* const*)b);
}

struct record {
    char name[11];
    short key;
    long place;
};

static int compare_records(const void* a, const void* b) {
    const struct record* x = a;
    const struct record* y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->place > y->place) - (x->place < y->place);
}

static void library_sort(int* values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare_ints);
}

static void sift(int* values, int root, int count) {
    for (int child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && values[child + 1] > values[child]) {
            ++child;
        }
        if (values[root] >= values[child]) {
            return;
        }
        int swap = values[root];
        values[root] = values[child];
        values[child] = swap;
        root = child;
    }
}

static void heap_sort(int* values, int count) {
    for (int root = count / 2 - 1; root >= 0; --root) {
        sift(values, root, count);
    }
    while (count-- > 1) {
        int swap = values[0];
        values[0] = values[count];
        values[count] = swap;
        sift(values, 0, count);
    }
}

static void merge_sort(int* values, int count) {
    if (count < 2) {
        return;
    }
    int half = count / 2;
    int copy[LENGTH];
    merge_sort(values, half);
    merge_sort(values + half, count - half);
    memcpy(copy, values, (size_t)half * sizeof *copy);
    int left = 0;
    int right = half;
    for (int i = 0; left < half; ++i) {
        values[i] = right < count && values[right] < copy[left] ? values[right++] : copy[left++];
    }
}

static void shell_sort(int* values, int count) {
    for (int gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (int i = gap; i < count; ++i) {
            int value = values[i];
            int j = i;
            for (; j >= gap && values[j - gap] > value; j -= gap) {
                values[j] = values[j - gap];
            }
            values[j] = value;
        }
    }
}

static void radix_sort(int* values, int count) {
    int other[LENGTH];
    for (int shift = 0; shift < 32; shift += 8) {
        int starts[257] = {0};
        for (int i = 0; i < count; ++i) {
            ++starts[(((unsigned)values[i] ^ 0x80000000U) >> shift & 255) + 1];
        }
        for (int i = 0; i < 256; ++i) {
            starts[i + 1] += starts[i];
        }
        for (int i = 0; i < count; ++i) {
            other[starts[((unsigned)values[i] ^ 0x80000000U) >> shift & 255]++] = values[i];
        }
        memcpy(values, other, (size_t)count * sizeof *values);
    }
}

static int pattern(int kind, int i, int count, uint64_t* state) {
    switch (kind) {
        case 0: return i;
        case 1: return count - i;
        case 2: return 42;
        case 3: return i % 17;
        case 4: return i < count / 2 ? i : count - i;
        case 5: return (int)random_below(state, 10);
        case 6: return (int)next_random(state);
        default: return i % 100 == 0 ? (int)next_random(state) : i;
    }
}

static void sort_ints(void) {
    static const struct {
        const char* name;
        void (*sort)(int* values, int count);
    } sorts[] = {{"library", library_sort},
                 {"heap", heap_sort},
                 {"merge", merge_sort},
                 {"shell", shell_sort},
                 {"radix", radix_sort}};
    static const int counts[] = {0, 1, 2, 3, 15, 64, 129, LENGTH};
    int values[LENGTH];
    for (size_t s = 0; s < COUNT(sorts); ++s) {
        for (int kind = 0; kind < 8; ++kind) {
            uint64_t hash = HASH_START;
            uint64_t state = 99;
            for (size_t c = 0; c < COUNT(counts); ++c) {
                unsigned before = 0;
                for (int i = 0; i < counts[c]; ++i) {
                    values[i] = pattern(kind, i, counts[c], &state);
                    before += (unsigned)values[i];
                }
                sorts[s].sort(values, counts[c]);
                for (int i = 0; i < counts[c]; ++i) {
                    before -= (unsigned)values[i];
                    failures += i > 0 && values[i - 1] > values[i];
                }
                failures += before != 0;
                hash = hash_bytes(hash, values, (size_t)counts[c] * sizeof *values);
            }
            printf("%s, pattern %d: %016llx\n", sorts[s].name, kind, (unsigned long long)hash);
        }
    }
}

static void sort_records(void) {
    static struct record records[LENGTH];
    uint64_t state = 7;
    for (int i = 0; i < LENGTH; ++i) {
        records[i].key = (short)(next_random(&state) >> 58);
        records[i].place = i;
        snprintf(records[i].name, sizeof records[i].name, "r%d", i * 7919 % 1000);
    }
    qsort(records, LENGTH, sizeof *records, compare_records);
    for (int i = 0; i < LENGTH; i += 50) {
        printf("record %d: %d %ld %s\n", i, records[i].key, records[i].place, records[i].name);
    }
    for (long place = 0; place < LENGTH; place += 100) {
        struct record wanted = {.place = place};
        const struct record* found = NULL;
        for (int key = 0; key < 64 && found == NULL; ++key) {
            wanted.key = (short)key;
            found = bsearch(&wanted, records, LENGTH, sizeof *records, compare_records);
        }
        printf("search %ld: %s\n", place, found == NULL ? "absent" : found->name);
        failures += found == NULL;
    }
}

static void sort_others(void) {
    static double numbers[LENGTH];
    static char text[LENGTH][8];
    static char* names[LENGTH];
    uint64_t state = 11;
    for (int i = 0; i < LENGTH; ++i) {
        numbers[i] = ((double)(int64_t)next_random(&state)) / (1 << (i % 31));
        snprintf(text[i], sizeof text[i], "%06x", (unsigned)(next_random(&state) >> 40));
        names[i] = text[i];
    }
    qsort(numbers, LENGTH, sizeof *numbers, compare_doubles);
    qsort(names, LENGTH, sizeof *names, compare_names);
    for (int i = 0; i < LENGTH; i += 70) {
        printf("%d: %.6e %s\n", i, numbers[i], names[i]);
    }
}

int main(void) {
    sort_ints();
    sort_records();
    sort_others();
    printf("failures: %d\n", failures);
    return failures == 0 ? 3 : 1;
}
