/* The smallest C program: what a C library does before main, stdio, and the arguments. */
#include <stdio.h>

int main(int argc, char** argv) {
    puts("Hello from C.");
    for (int i = 1; i < argc; ++i) {
        printf("argument %d: \"%s\"\n", i, argv[i]);
    }
    return argc - 1;
}
