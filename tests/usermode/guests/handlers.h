// What the signal cases share: handlers that keep what they were told.
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "check.h"

static volatile int hits;
static volatile siginfo_t seen;
static ucontext_t seen_context;
static sigjmp_buf back;

static void keep(int number, siginfo_t* info, void* context) {
    (void)number;
    hits++;
    memcpy((void*)&seen, info, sizeof seen);
    memcpy(&seen_context, context, sizeof seen_context);
}

static void install(int number, void (*handler)(int, siginfo_t*, void*), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    CHECK(sigaction(number, &action, NULL) == 0);
}

__attribute__((unused)) static void keep_and_jump(int number, siginfo_t* info, void* context) {
    keep(number, info, context);
    siglongjmp(back, 1);
}

__attribute__((unused)) static sigset_t set_of(int a, int b) {
    sigset_t set;
    sigemptyset(&set);
    if (a) sigaddset(&set, a);
    if (b) sigaddset(&set, b);
    return set;
}

// ESR_EL1 in the frame; 0: it has no record of it.
__attribute__((unused)) static uint64_t esr_of(const ucontext_t* context) {
    const unsigned char* at = (const unsigned char*)context->uc_mcontext.__reserved;
    for (;;) {
        uint32_t head[2];
        memcpy(head, at, sizeof head);
        if (head[0] == 0) return 0;
        CHECK(head[1] != 0);
        uint64_t esr;
        memcpy(&esr, at + 8, 8);
        if (head[0] == ESR_MAGIC) return esr;
        at += head[1];
    }
}
