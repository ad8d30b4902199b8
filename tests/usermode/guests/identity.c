// Prints who it is: argv, AT_EXECFN and its name, its ids and whether it is to be careful. With `exec` first it
// executes what follows.
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc > 3 && strcmp(argv[1], "exec") == 0) {
        execv(argv[2], argv + 3);
        perror(argv[2]);
        return 1;
    }
    if (argc > 2 && strcmp(argv[1], "chroot") == 0 && (chroot(argv[2]) != 0 || chdir("/") != 0)) {
        perror(argv[2]);
        return 1;
    }
    if (argc > 3 && strcmp(argv[1], "chroot") == 0) {
        execv(argv[3], argv + 3);
        perror(argv[3]);
        return 1;
    }
    for (int i = 0; i < argc; i++) printf("%s%s", i ? " " : "", argv[i]);
    char comm[16];
    prctl(PR_GET_NAME, comm);
    printf("\n%s %s\n", (const char*)getauxval(AT_EXECFN), comm);
    printf("%d %d %lu %lu\n", (int)getuid(), (int)geteuid(), getauxval(AT_SECURE),
           getauxval(AT_FLAGS));
    return 0;
}
