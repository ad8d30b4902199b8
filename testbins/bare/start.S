// Entry, vectors and small routines of the bare-metal programs.
//
// Owns: how a program starts at EL1, how an exception reaches C. Must not know: what is tested.

    .section .text.start, "ax"
    .global _start
_start:
    mrs x1, mpidr_el1
    and x1, x1, #0xff
    adrp x0, stacks
    add x0, x0, :lo12:stacks
    add x1, x1, #1
    add x0, x0, x1, lsl #14
    mov sp, x0
    adrp x0, vectors
    add x0, x0, :lo12:vectors
    msr vbar_el1, x0
    mov x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    mrs x0, mpidr_el1
    and x0, x0, #0xff
    cbnz x0, 1f
    bl run
    // PSCI SYSTEM_OFF
    movz w0, #0x0008
    movk w0, #0x8400, lsl #16
    hvc #0
1:  bl run_secondary
2:  wfi
    b 2b

// Saves x0-x30 and what tells of the exception, calls C, restores what C leaves there.
    .macro vector kind
    .balign 0x80
    sub sp, sp, #320
    stp x0, x1, [sp]
    mov x0, #\kind
    b common
    .endm

    .balign 0x800
    .global vectors
vectors:
    .irp kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector \kind
    .endr

common:
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x1, elr_el1
    stp x30, x1, [sp, #240]
    mrs x1, spsr_el1
    mrs x2, esr_el1
    stp x1, x2, [sp, #256]
    mrs x1, far_el1
    stp x1, x0, [sp, #272]
    mov x0, sp
    bl on_exception
    ldr x1, [sp, #248]
    msr elr_el1, x1
    ldr x1, [sp, #256]
    msr spsr_el1, x1
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x19, [sp, #144]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
    ldr x30, [sp, #240]
    ldp x0, x1, [sp]
    add sp, sp, #320
    eret

// uint64_t call_el0(uint64_t pc, uint64_t x0, uint64_t sp): runs code at EL0 until leave_el0().
    .global call_el0
call_el0:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    adrp x9, saved_sp
    mov x10, sp
    str x10, [x9, :lo12:saved_sp]
    msr sp_el0, x2
    msr elr_el1, x0
    mov x9, #0
    msr spsr_el1, x9
    mov x0, x1
    eret

// From an exception of EL0: back to the caller of call_el0, with this result.
    .global leave_el0
leave_el0:
    adrp x9, saved_sp
    ldr x10, [x9, :lo12:saved_sp]
    mov sp, x10
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret

    .bss
    .balign 16
saved_sp: .skip 16
stacks: .skip 8 << 14
