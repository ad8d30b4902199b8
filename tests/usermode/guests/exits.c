// Ways to end: argv[1] is a status, or the name of a way to die.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "0";
    if (how[0] >= '0' && how[0] <= '9') return atoi(how);
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "raise") == 0) raise(atoi(argv[2]));
    if (strcmp(how, "segv") == 0) *(volatile int*)0x1230 = 1;
    if (strcmp(how, "jump") == 0) ((void (*volatile)(void))0x4560)();
    if (strcmp(how, "undefined") == 0) __asm__ volatile(".inst 0x00001234");
    if (strcmp(how, "unallocated") == 0) __asm__ volatile(".inst 0xffffffff");
    if (strcmp(how, "breakpoint") == 0) __asm__ volatile("brk #5");
    if (strcmp(how, "halt") == 0) __asm__ volatile("hlt #5");
    if (strcmp(how, "misaligned") == 0) ((void (*volatile)(void))0x4562)();
    if (strcmp(how, "bus") == 0) {
        char* p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd_create("x", 0), 0);
        return p[0];
    }
    if (strcmp(how, "echo") == 0) {
        for (int i = 2; i < argc; i++) puts(argv[i]);
        char line[256];
        while (fgets(line, sizeof line, stdin) != NULL) fputs(line, stdout);
        fputs("to stderr\n", stderr);
        return 0;
    }
    if (strcmp(how, "stack") == 0) {
        // How much of the stack can be used, in pages.
        pthread_attr_t attributes;
        void* at;
        size_t size;
        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &at, &size);
        size_t wanted = (size_t)atol(argv[2]);
        volatile char* p = __builtin_alloca(wanted);
        for (size_t i = 0; i < wanted; i += 4096) p[wanted - 1 - i] = 1;
        puts("enough");
        return 0;
    }
    return 99;
}
