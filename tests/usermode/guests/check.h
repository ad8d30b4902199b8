// What the guest programs of these tests share: named cases, one of which argv[1] chooses.
//
// A case that ends prints "ok"; a CHECK that fails prints what and where, and ends with status 1.
// The Python side reads the names from CASE(...) in the source.
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check_case {
    const char* name;
    void (*run)(void);
};
static struct check_case check_cases[64];
static int check_count;

#define CASE(id)                                              \
    static void case_##id(void);                              \
    __attribute__((constructor)) static void add_##id(void) { \
        check_cases[check_count].name = #id;                  \
        check_cases[check_count++].run = case_##id;           \
    }                                                         \
    static void case_##id(void)

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
            _exit(1);                                                                         \
        }                                                                                     \
    } while (0)

#define CHECK_EQ(got, wanted)                                                                      \
    do {                                                                                           \
        long long check_got = (long long)(got), check_wanted = (long long)(wanted);                \
        if (check_got != check_wanted) {                                                           \
            fprintf(stderr, "%s:%d: %s is %lld (0x%llx), not %lld (0x%llx); errno %d\n", __FILE__, \
                    __LINE__, #got, check_got, check_got, check_wanted, check_wanted, errno);      \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

// A call that must fail with this errno.
#define CHECK_FAILS(call, wanted_errno) \
    do {                                \
        errno = 0;                      \
        CHECK_EQ(call, -1);             \
        CHECK_EQ(errno, wanted_errno);  \
    } while (0)

int main(int argc, char** argv) {
    if (argc < 2) return 2;
#ifdef CHECK_SPECIAL
    if (CHECK_SPECIAL(argc, argv)) return 0;
#endif
    for (int i = 0; i < check_count; i++) {
        if (strcmp(argv[1], check_cases[i].name) != 0) continue;
        check_cases[i].run();
        puts("ok");
        return 0;
    }
    fprintf(stderr, "no case is named %s\n", argv[1]);
    return 2;
}
