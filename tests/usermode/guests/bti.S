// Calls a function that begins with PAD and exits with 7: whether its text is guarded (FEAT_BTI)
// shows in whether PAD must be a landing pad. As an interpreter (ENTRY) it goes on to the program.
// Owns neither note nor pad: the build defines FEATURES (of the property, none: no note) and PAD.

    .arch armv8.5-a
    .text
    .global _start
_start:
    adr x9, function
    blr x9
#ifdef ENTRY
    add x9, sp, #8  // argv, its NULL, the environment, its NULL, the auxiliary vector
    ldr x10, [sp]
    add x9, x9, x10, lsl #3
1:  ldr x10, [x9, #8]!
    cbnz x10, 1b
2:  ldr x10, [x9, #8]!
    ldr x11, [x9, #8]!
    cmp x10, #9  // AT_ENTRY
    b.ne 2b
    blr x11
#endif
    mov x0, #7
    mov x8, #93  // exit
    svc #0
function:
    PAD
    ret

#ifdef FEATURES
    .section .note.gnu.property, "a"
    .balign 8
    .word 4, 16, 5  // sizes of name and content; NT_GNU_PROPERTY_TYPE_0
    .asciz "GNU"
    .word 0xc0000000, 4, FEATURES, 0  // GNU_PROPERTY_AARCH64_FEATURE_1_AND
#endif
