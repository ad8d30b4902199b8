// Where things are: `aligned` tells whether objects lie at multiples of their alignment, `elsewhere`
// executes that in the root folder.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OBJECT(bytes) static char at_##bytes[bytes] __attribute__((aligned(bytes))) = {1}
OBJECT(65536);
OBJECT(2097152);

static int misaligned(const volatile void* object, uintptr_t alignment) {
    uintptr_t at = (uintptr_t)object;
    return at % alignment != 0;
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "elsewhere") == 0) {
        if (chdir("/") != 0) return 1;
        execl(argv[0], argv[0], "aligned", (char*)0);
        return 1;
    }
    if (misaligned(at_65536, sizeof at_65536) || misaligned(at_2097152, sizeof at_2097152)) return 2;
    puts("aligned");
    return 0;
}
