// Runs cases (tests/tools/case_format.hpp) on unicorn, an oracle that is not ours.
//
// Owns: the translation of a case into unicorn's calls and back. Must not know: pydbt's engine.
// Built by tests/differential/oracle.py against the headers and library of PyPI's unicorn wheel.
//
//   unicorn_cases < cases > results
#include <unicorn/unicorn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/tools/case_format.hpp"

namespace {

using namespace pydbt::cases;

// Exception numbers of QEMU's Arm target, as unicorn's interrupt hook reports them.
constexpr uint32_t kExcpUndefined = 1;
constexpr uint32_t kExcpPrefetchAbort = 3;
constexpr uint32_t kExcpDataAbort = 4;
constexpr uint64_t kMostSteps = 1000;

// SCTLR_EL1: all keys are in use. TCR_EL1: the top byte is ignored, but of an instruction's upper
// address (TBI0, TBI1, TBID1), as on Linux. SCR_EL3: nonsecure, AArch64 below; with HCR_EL2 it lets
// EL1 use the keys and instructions.
constexpr uint64_t kKeysOn = uint64_t{1} << 31 | 1 << 30 | 1 << 27 | 1 << 13;
constexpr uint64_t kTopByteIgnored = uint64_t{1} << 37 | uint64_t{1} << 38 | uint64_t{1} << 52;
constexpr uint64_t kSecureControl = 1 << 17 | 1 << 16 | 1 << 10 | 1;
constexpr uint64_t kHypervisorControl = uint64_t{3} << 40 | uint64_t{1} << 31;

/// A system register of op0 3, with no value yet.
constexpr uc_arm64_cp_reg sysreg(uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2) {
    return {.crn = crn, .crm = crm, .op0 = 3, .op1 = op1, .op2 = op2, .val = 0};
}

void check(uc_err error, const char* what) {
    if (error == UC_ERR_OK) return;
    std::fprintf(stderr, "unicorn_cases: %s: %s\n", what, uc_strerror(error));
    std::exit(2);
}

struct Banks {
    int ids[32 + 32 + 3];
    void* at[32 + 32 + 3];
    Registers* registers;

    explicit Banks(Registers* r) : registers(r) {
        int n = 0;
        auto add = [&](int id, void* where) {
            ids[n] = id;
            at[n++] = where;
        };
        for (int i = 0; i < 29; i++) add(UC_ARM64_REG_X0 + i, &r->x[i]);
        add(UC_ARM64_REG_X29, &r->x[29]);
        add(UC_ARM64_REG_X30, &r->x[30]);
        add(UC_ARM64_REG_SP, &r->x[31]);
        for (int i = 0; i < 32; i++) add(UC_ARM64_REG_Q0 + i, r->v[i]);
        add(UC_ARM64_REG_NZCV, &r->nzcv);
        add(UC_ARM64_REG_FPCR, &r->fpcr);
        add(UC_ARM64_REG_FPSR, &r->fpsr);
    }
    static constexpr int kCount = 32 + 32 + 3;
};

class Runner {
   public:
    Runner() {
        check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc_), "open");
        check(uc_ctl_set_cpu_model(uc_, UC_CPU_ARM64_MAX), "cpu model");
        check(uc_mem_map(uc_, kCode, kCodeBytes, UC_PROT_ALL), "map");
        check(uc_mem_map(uc_, kData, kPage, UC_PROT_READ | UC_PROT_WRITE), "map");
        check(uc_hook_add(uc_, &hook_, UC_HOOK_INTR, reinterpret_cast<void*>(&on_interrupt), this,
                          1, 0),
              "hook");
        check(uc_ctl_tlb_mode(uc_, UC_TLB_VIRTUAL), "TLB mode");
        check(uc_hook_add(uc_, &tlb_hook_, UC_HOOK_TLB_FILL, reinterpret_cast<void*>(&translate),
                          nullptr, 1, 0),
              "hook");
        uc_arm64_cp_reg control = sysreg(0, 1, 0, 0);
        check(uc_reg_read(uc_, UC_ARM64_REG_CP_REG, &control), "read SCTLR_EL1");
        set(control, control.val | kKeysOn);
        set(sysreg(0, 2, 0, 2), kTopByteIgnored);
        set(sysreg(6, 1, 1, 0), kSecureControl);
        set(sysreg(4, 1, 1, 0), kHypervisorControl);
        check(uc_context_alloc(uc_, &fresh_), "context");
        check(uc_context_save(uc_, fresh_), "context");
    }
    ~Runner() {
        uc_context_free(fresh_);
        uc_close(uc_);
    }

    void run(const Case& c, Result& r) {
        if (used_ == kCodeBytes) {
            check(uc_ctl_flush_tb(uc_), "flush");
            used_ = 0;
        }
        uint64_t pc = kCode + used_;
        used_ += kSlotBytes;
        check(uc_mem_write(uc_, pc, c.words, c.count * 4), "write code");
        check(uc_mem_write(uc_, pc + c.count * 4, &kEnd, 4), "write code");
        uint8_t page[kPage] = {};
        std::memcpy(page + kWindow, c.memory, kWindowBytes);
        check(uc_mem_write(uc_, kData, page, kPage), "write data");
        // The exclusive monitor and the thread pointer have no numbers to write them by.
        check(uc_context_restore(uc_, fresh_), "restore");
        Registers in = c.registers;
        Banks write(&in);
        check(uc_reg_write_batch(uc_, write.ids, write.at, Banks::kCount), "write registers");
        for (uint32_t n = 0; n < 2 * kPacKeys; n++) set(sysreg(0, 2, 1 + n / 4, n % 4), in.x[n]);
        interrupt_ = 0;
        uc_err error = uc_emu_start(uc_, pc, pc + c.count * 4, 0, kMostSteps);
        std::memset(static_cast<void*>(&r), 0, sizeof r);
        r.detail = static_cast<uint32_t>(error) << 16 | interrupt_;
        Banks read(&r.registers);
        check(uc_reg_read_batch(uc_, read.ids, read.at, Banks::kCount), "read registers");
        uint64_t at = 0;
        check(uc_reg_read(uc_, UC_ARM64_REG_PC, &at), "read pc");
        r.registers.pc = at - pc;
        r.outcome = outcome_of(error, at);
        check(uc_mem_read(uc_, kData, page, kPage), "read data");
        std::memcpy(r.memory, page + kWindow, kWindowBytes);
        r.outside = zero_outside(page) ? 0 : 1;
    }

   private:
    void set(uc_arm64_cp_reg which, uint64_t value) {
        which.val = value;
        check(uc_reg_write(uc_, UC_ARM64_REG_CP_REG, &which), "write a system register");
    }

    // Linux sets TCR_EL1.TBI0, but QEMU heeds it with translation on only: this does what it says.
    static bool translate(uc_engine*, uint64_t address, uc_mem_type, uc_tlb_entry* entry, void*) {
        auto untagged = static_cast<uint64_t>(static_cast<int64_t>(address << 8) >> 8);
        bool code = untagged - kCode < kCodeBytes;
        entry->paddr = untagged;
        entry->perms = code ? UC_PROT_ALL : static_cast<uc_prot>(UC_PROT_READ | UC_PROT_WRITE);
        return code || untagged - kData < kPage;
    }

    static void on_interrupt(uc_engine* uc, uint32_t number, void* self) {
        static_cast<Runner*>(self)->interrupt_ = number;
        uc_emu_stop(uc);
    }

    Outcome outcome_of(uc_err error, uint64_t pc) const {
        if (interrupt_ == kExcpUndefined || error == UC_ERR_INSN_INVALID) return Outcome::undefined;
        if (interrupt_ == kExcpDataAbort) return Outcome::alignment_fault;
        if (interrupt_ == kExcpPrefetchAbort) return Outcome::fetch_fault;
        if (interrupt_ != 0) return Outcome::other;
        switch (error) {
            case UC_ERR_OK: return Outcome::end;
            case UC_ERR_EXCEPTION:  // translate() said no
                return pc - kCode < kCodeBytes ? Outcome::memory_fault : Outcome::fetch_fault;
            case UC_ERR_READ_UNMAPPED:
            case UC_ERR_WRITE_UNMAPPED:
            case UC_ERR_READ_PROT:
            case UC_ERR_WRITE_PROT: return Outcome::memory_fault;
            case UC_ERR_READ_UNALIGNED:
            case UC_ERR_WRITE_UNALIGNED: return Outcome::alignment_fault;
            case UC_ERR_FETCH_UNMAPPED:
            case UC_ERR_FETCH_PROT: return Outcome::fetch_fault;
            default: return Outcome::other;
        }
    }

    uc_engine* uc_ = nullptr;
    uc_hook hook_ = 0;
    uc_hook tlb_hook_ = 0;
    uc_context* fresh_ = nullptr;
    uint32_t interrupt_ = 0;
    size_t used_ = 0;
};

}  // namespace

int main() {
    Runner runner;
    auto c = std::make_unique<Case>();
    auto r = std::make_unique<Result>();
    while (std::fread(c.get(), sizeof *c, 1, stdin) == 1) {
        runner.run(*c, *r);
        if (std::fwrite(r.get(), sizeof *r, 1, stdout) != 1) return 1;
    }
    std::fflush(stdout);
    return 0;
}
