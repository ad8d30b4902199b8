// Where things are: `aligned` tells whether objects lie at multiples of their alignment,
// `elsewhere` executes that in the root folder, `follow A B` executes the link A, while B leads
// nowhere.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
    if (argc == 4 && strcmp(argv[1], "follow") == 0) {
        struct stat info;
        if (stat(argv[2], &info) != 0 || !S_ISREG(info.st_mode)) return 3;
        if (lstat(argv[2], &info) != 0 || !S_ISLNK(info.st_mode)) return 4;
        if (access(argv[2], X_OK) != 0 || open(argv[2], O_RDONLY) < 0) return 5;
        if (open(argv[2], O_RDONLY | O_NOFOLLOW) >= 0 || errno != ELOOP) return 6;
        if (stat(argv[3], &info) == 0 || errno != ENOENT) return 7;
        if (execl(argv[3], "name", (char*)0) == 0 || errno != ENOENT) return 8;
        execl(argv[2], "name", (char*)0);
        return 9;
    }
    if (misaligned(at_65536, sizeof at_65536) || misaligned(at_2097152, sizeof at_2097152))
        return 2;
    puts("aligned");
    return 0;
}
