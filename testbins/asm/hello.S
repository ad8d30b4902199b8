/* The smallest guest program: write and exit, no C library. Assembled by gcc, or by keystone
   (tools/tiny_elf.py), which knows no .text, no `//` and no difference of labels as immediate. */
        .globl _start
_start:
        mov     x8, #64                 /* write */
        mov     x0, #1
        adr     x1, text
        ldr     w2, length
        svc     #0
        mov     x8, #93                 /* exit */
        mov     x0, #0
        svc     #0
length:
        .long   end - text
text:
        .ascii  "Hello from AArch64.\n"
end:
