// Runs cases (tests/tools/case_format.hpp) as an AArch64 Linux program: whatever runs such programs
// becomes an engine of the differential tests.
//
// Owns: the translation of a case into a signal frame and back. Must not know: what runs it.
// Built by tests/differential/oracle.py with the guest compiler.
//
//   qemu-aarch64 guest_cases < cases > results
//
// A case begins as a return from a signal handler, which sets every register at once, and ends in a
// signal: of the BRK behind it, or of what it does. The handler of that signal notes the result and
// writes the next case into the same frame, so a case costs one signal.
#include <asm/sigcontext.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "tests/tools/case_format.hpp"

namespace {

using namespace pydbt::cases;

constexpr uint32_t kSvcMask = 0xffe0001f, kSvc = 0xd4000001;
constexpr uint32_t kBreak = 0xd4200000;  // with another immediate than kEnd
constexpr uint64_t kFlagsMask = 0xf0000000;
constexpr time_t kTickSeconds = 2;  // a case that sees two ticks does not end
constexpr size_t kBuffered = 64;

Case cases[kBuffered];
Result results[kBuffered];
size_t have, next, done;
const Case* current;  // null before the first
uint64_t current_pc;
size_t used;
size_t ticks;  // of the current case
uint64_t own_thread_pointer;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "guest_cases: %s\n", what);
    _exit(2);
}

bool is_svc(uint32_t word) { return (word & kSvcMask) == kSvc; }

void write_results() {
    auto* from = reinterpret_cast<const char*>(results);
    for (size_t left = done * sizeof *results; left != 0;) {
        ssize_t n = write(1, from, left);
        if (n <= 0) fail("cannot write results");
        from += n;
        left -= static_cast<size_t>(n);
    }
    done = 0;
}

const Case& read_case() {
    if (next < have) return cases[next++];
    write_results();
    size_t bytes = 0;
    while (bytes == 0 || bytes % sizeof *cases != 0) {
        ssize_t n = read(0, reinterpret_cast<char*>(cases) + bytes, sizeof cases - bytes);
        if (n < 0) fail("cannot read cases");
        if (n == 0) break;
        bytes += static_cast<size_t>(n);
    }
    if (bytes == 0) _exit(0);
    if (bytes % sizeof *cases != 0) fail("the last case is not whole");
    have = bytes / sizeof *cases;
    next = 1;
    return cases[0];
}

/// The frame's vector registers.
fpsimd_context& vectors_of(mcontext_t& m) {
    auto* record = reinterpret_cast<_aarch64_ctx*>(m.__reserved);
    while (record->magic != FPSIMD_MAGIC) {
        if (record->magic == 0) fail("a signal frame without vector registers");
        record = reinterpret_cast<_aarch64_ctx*>(reinterpret_cast<char*>(record) + record->size);
    }
    return *reinterpret_cast<fpsimd_context*>(record);
}

// ---- results

/// A system call of a case must not happen: a BRK stands for it.
bool at_svc(uint64_t offset) {
    return offset % 4 == 0 && offset / 4 < current->count && is_svc(current->words[offset / 4]);
}

Outcome outcome_of(int signal, const siginfo_t& info, uint64_t pc) {
    bool in_code = pc % 4 == 0 && pc - kCode < kCodeBytes;
    switch (signal) {
        case SIGILL: return Outcome::undefined;
        case SIGTRAP: return pc == current_pc + current->count * 4 ? Outcome::end : Outcome::other;
        case SIGSEGV: return in_code ? Outcome::memory_fault : Outcome::fetch_fault;
        case SIGBUS:
            if (!in_code) return Outcome::fetch_fault;
            return info.si_code == BUS_ADRALN ? Outcome::alignment_fault : Outcome::memory_fault;
        default: return Outcome::other;
    }
}

void note(int signal, const siginfo_t& info, mcontext_t& m) {
    Result& r = results[done++];
    r.outcome = outcome_of(signal, info, m.pc);
    r.detail = static_cast<uint32_t>(signal) << 16 | static_cast<uint16_t>(info.si_code);
    std::memcpy(r.registers.x, m.regs, sizeof m.regs);
    r.registers.x[31] = m.sp;
    r.registers.pc = m.pc - current_pc;
    if (signal == SIGTRAP && at_svc(r.registers.pc)) r.registers.pc += 4;  // as SVC does
    r.registers.nzcv = m.pstate & kFlagsMask;
    const fpsimd_context& vectors = vectors_of(m);
    r.registers.fpcr = vectors.fpcr;
    r.registers.fpsr = vectors.fpsr;
    std::memcpy(r.registers.v, vectors.vregs, sizeof r.registers.v);
    auto* page = reinterpret_cast<const uint8_t*>(kData);
    std::memcpy(r.memory, page + kWindow, kWindowBytes);
    r.outside = zero_outside(page) ? 0 : 1;
    if (done == kBuffered) write_results();
}

// ---- cases

/// Code lies where it does in run_cases, word for word but for SVC.
void place(const Case& c) {
    if (c.count > kMostWords) fail("a case has too many words");
    if (used == kCodeBytes) used = 0;
    current_pc = kCode + used;
    used += kSlotBytes;
    auto* code = reinterpret_cast<uint32_t*>(current_pc);
    for (size_t i = 0; i < c.count; i++) code[i] = is_svc(c.words[i]) ? kBreak : c.words[i];
    code[c.count] = kEnd;
    __builtin___clear_cache(reinterpret_cast<char*>(code),
                            reinterpret_cast<char*>(code + c.count + 1));
}

void begin(mcontext_t& m) {
    const Case& c = read_case();
    current = &c;
    ticks = 0;
    place(c);
    auto* page = reinterpret_cast<uint8_t*>(kData);
    std::memset(page, 0, kPage);
    std::memcpy(page + kWindow, c.memory, kWindowBytes);
    std::memcpy(m.regs, c.registers.x, sizeof m.regs);
    m.sp = c.registers.x[31];
    m.pc = current_pc;
    m.pstate = c.registers.nzcv & kFlagsMask;
    fpsimd_context& vectors = vectors_of(m);
    vectors.fpcr = static_cast<uint32_t>(c.registers.fpcr);
    vectors.fpsr = static_cast<uint32_t>(c.registers.fpsr);
    std::memcpy(vectors.vregs, c.registers.v, sizeof c.registers.v);
}

void on_signal(int signal, siginfo_t* info, void* context) {
    // Cases may write the thread pointer, and begin with zero in it.
    uint64_t thread_pointer = 0;
    asm volatile("mrs %0, tpidr_el0" : "=r"(thread_pointer));
    asm volatile("msr tpidr_el0, %0" ::"r"(own_thread_pointer));
    auto& m = static_cast<ucontext_t*>(context)->uc_mcontext;
    if (signal != SIGALRM || ++ticks >= 2) {
        if (current != nullptr) note(signal, *info, m);
        begin(m);
        thread_pointer = 0;
    }
    asm volatile("msr tpidr_el0, %0" ::"r"(thread_pointer));
    // QEMU's sigreturn sets FPCR, but does not see that translations depend on AH and NEP.
    asm volatile("msr fpcr, %0" ::"r"(uint64_t{vectors_of(m).fpcr}));
}

void map_fixed(uint64_t address, size_t bytes, int protection) {
    void* at = reinterpret_cast<void*>(address);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    if (mmap(at, bytes, protection, flags, -1, 0) != at) fail("cannot map its memory");
}

void catch_signals() {
    static uint8_t stack[64 * 1024];
    stack_t alternate{};
    alternate.ss_sp = stack;
    alternate.ss_size = sizeof stack;
    sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    for (int signal : {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGALRM}) {
        sigaction(signal, &action, nullptr);
    }
    itimerval tick{};
    tick.it_interval.tv_sec = tick.it_value.tv_sec = kTickSeconds;
    setitimer(ITIMER_REAL, &tick, nullptr);
}

}  // namespace

int main() {
    asm("mrs %0, tpidr_el0" : "=r"(own_thread_pointer));
    map_fixed(kCode, kCodeBytes, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_fixed(kData, kPage, PROT_READ | PROT_WRITE);
    catch_signals();
    raise(SIGTRAP);
    fail("a signal did not arrive");
}
