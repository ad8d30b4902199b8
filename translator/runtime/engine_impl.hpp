// What the runtime's own files share: the engine's and a thread's insides.
//
// Owns: EngineImpl and ThreadImpl. Only files of translator/runtime include this.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "translator/a64/lifter.hpp"
#include "translator/ir/interpreter.hpp"
#include "translator/ir/ir.hpp"
#include "translator/runtime/block_table.hpp"
#include "translator/runtime/code_cache.hpp"
#include "translator/runtime/engine.hpp"
#include "translator/runtime/stubs.hpp"
#include "translator/x64/tier1.hpp"

namespace pydbt::runtime {

/// Bits of CpuState::poll: who wants the thread out of translated code.
enum PollBit : uint32_t {
    kPollRequest = 1u << 0,  // request_exit(): run() returns `interrupted`
    kPollFlush = 1u << 1,    // another thread flushes the cache and waits
};

/// Bits of the context key, what translations depend on besides the guest code, that are not the
/// lift's alone (a64/lifter.hpp).
enum ContextKey : uint32_t {
    kKeyOver = 1u << 10,       // breakpoints and watches do not count
    kKeyStep = a64::kKeyStep,  // and it is interpreted
    kKeyWatch = 1u << 13,      // accesses are looked at, so the block is interpreted
};

/// The context key of a thread's present state.
uint32_t context_key(const base::CpuState& state);

/// Whether the next instruction is run by itself and without a check of tags, and whether that is
/// reported behind it.
enum class UncheckedRun : uint8_t { no, quietly, reported };

/// System mode: where code was found in one address space at one exception level.
struct Space {
    Space();
    void forget();
    void forget(uint64_t first, uint64_t last);
    uint64_t tlb = 0;  // which is its name
    uint32_t key = 0;
    std::array<ProbeEntry, kProbeEntries> probe;
};

class ThreadImpl {
   public:
    explicit ThreadImpl(EngineImpl& owner) : engine(owner) {}
    ~ThreadImpl();
    ThreadImpl(const ThreadImpl&) = delete;
    ThreadImpl& operator=(const ThreadImpl&) = delete;
    bool create();
    /// Forgets every prediction that names host code: the return stack and the probe table.
    void forget_code();
    void forget_returns();
    // System mode.
    Space& space_of(uint64_t tlb);
    void enter_space(uint32_t key);
    void forget_spaces();
    void forget_in_space(uint64_t tlb, uint64_t first, uint64_t last);
    bool guards(uint64_t address) const {
        return address - reinterpret_cast<uint64_t>(return_stack) < kGuardBytes;
    }

    static constexpr size_t kGuardBytes = 4096;
    static constexpr size_t kReturnStackBytes = 64 * 1024;

    base::CpuState state{};
    EngineImpl& engine;
    Thread* face = nullptr;
    ProbeEntry* probe = nullptr;  // own_probe, or the space's
    ProbeEntry* own_probe = nullptr;
    Space* space = nullptr;
    std::vector<std::unique_ptr<Space>> spaces;
    base::V128 bounce{};              // what an access that is no host memory's reads, or writes
    uint8_t* return_stack = nullptr;  // guard page first; grows down from its end
    std::atomic<bool> in_code = false;
    bool interpreting = false;
    uint32_t stepping = 0;            // kKeyStep, and kKeyOver
    uint64_t generation = 0;          // of the cache contents that the predictions are about
    Exit fault;                       // what a host fault turned into
    uint64_t tagged_pc = kNoGuestPc;  // an instruction that used an address with a tag
    UncheckedRun unchecked = UncheckedRun::no;
    std::vector<std::pair<uint64_t, uint64_t>> stale;  // to be invalidated once out of code
};

/// One exit of one block; `from` is null for none.
struct SiteRef {
    Block* from = nullptr;
    uint32_t exit = 0;
};

class EngineImpl {
   public:
    EngineImpl(Environment& environment, const Options& options);
    ~EngineImpl();
    bool create(std::string& error);

    Exit run(ThreadImpl& thread);
    void invalidate(uint64_t begin, uint64_t end);
    void set_breakpoint(uint64_t pc, bool on);
    void set_watches(std::vector<ir::Watch> watches);
    void invalidate_stale(ThreadImpl& thread);
    void flush();

    const uint8_t* link(ThreadImpl& thread, uint64_t stub);
    /// `key` is the target's x64::target_key().
    const uint8_t* indirect(ThreadImpl& thread, uint64_t key, uint64_t stub);
    void add_key(uint32_t bit);
    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
    TlbAnswer tlb_miss(ThreadImpl& thread, uint64_t address, uint32_t what, uint64_t back);
    TlbAnswer finish_store(ThreadImpl& thread, uint64_t address, uint32_t what, uint64_t back);
    bool is_system() const { return options.memory != nullptr; }
    bool host_fault(ThreadImpl& thread, int signal, siginfo_t* info, void* ucontext);

    bool prepare_fork();
    bool after_fork(bool child, ThreadImpl& self);

    void add(ThreadImpl* thread);
    void drop(ThreadImpl* thread);
    Stats stats();

    Environment& environment;
    const Options options;

   private:
    using Lock = std::unique_lock<std::mutex>;

    // All of these want the lock.
    Block* find_or_translate(ThreadImpl& thread, uint64_t pc, uint32_t key);
    Block* translate(ThreadImpl& thread, uint64_t pc, const CodePlace& place, uint32_t key);
    std::span<const uint32_t> build(uint64_t pc, bool guarded, uint32_t key,
                                    std::span<const uint32_t> words);
    /// How many of the words may be in one block.
    size_t block_limit(uint64_t pc, uint32_t key, size_t count) const;
    void lift(uint64_t pc, bool guarded, uint32_t key, std::span<const uint32_t> words,
              bool mask_addresses);
    static bool same_page(const Block& a, const Block& b) { return (a.pc ^ b.pc) >> 12 == 0; }
    TlbAnswer fault(ThreadImpl& thread, uint64_t back);
    bool uses_tags() const;
    bool compile(ThreadImpl& thread);
    void log_guest(std::span<const uint32_t> words);
    void log_ir(const char* title);
    void log_host(const Block& block);
    void set_link(Block& from, uint32_t exit, Block* to);
    void clear_link(Block& from, uint32_t exit);
    void kill(Block* block);
    void flush_locked(ThreadImpl* self);
    void forget_probe(const Block& block);
    static void forget_probe(const Block& block, ProbeEntry* probe);

    /// The exit whose stub is at host address `stub`. Wants no lock.
    SiteRef site_at(uint64_t stub) const;
    /// Whether a branch with that BTYPE may go there.
    bool may_land(uint64_t target, uint64_t btype);
    // Of all threads: a64::kKeyGuarded, kKeyShared; kKeyWatch.
    std::atomic<uint32_t> key_ = 0;
    bool may_link() const;
    /// Where to go on in translated code at `pc`: its block, or the way out with the reason set.
    const uint8_t* continue_at(ThreadImpl& thread, uint64_t pc, Block*& block);
    const uint8_t* leave_with(ThreadImpl& thread, ExitReason reason, uint64_t pc);
    void enter(ThreadImpl& thread);
    void interpret(ThreadImpl& thread, const Block& block);
    bool is_interpreted(uint32_t key) const {
        return options.tier == 0 || (key & (kKeyStep | kKeyWatch)) != 0;
    }
    /// The row of the host instruction at a place in translated code, and its block; or null.
    const x64::RecoveryRow* row_of(uint64_t host_pc, const Block*& block) const;
    /// Whether that instruction is a guest's load or store, which may be of any address.
    bool accesses_guest(uint64_t host_pc) const;
    /// Puts the guest's state as it was before the instruction that faulted into the thread.
    void recover(ThreadImpl& thread, const x64::HostContext& host, Exit& exit) const;
    /// The instruction at tagged_pc is translated with masked addresses (TBI) from now on. False
    /// when it already was, so that the address is wrong without the tag too. Wants no lock.
    bool retag(ThreadImpl& thread);
    bool skip_tag_check(ThreadImpl& thread, const Exit& exit);
    void log_exec(const Block& block);

    std::mutex mutex_;
    CodeCache cache_;
    uint32_t stubs_end_ = 0;
    Stubs stubs_;
    BlockTable blocks_;
    x64::Tier1 tier1_;
    ir::Function function_;  // reused, so that a warm translation allocates nothing
    x64::CodeBlock code_;
    std::vector<uint32_t> words_;
    std::unordered_set<uint64_t> tagged_;  // guest pcs seen to use tagged addresses
    std::set<uint64_t> breakpoints_;
    std::vector<ir::Watch> watches_;  // changes while nobody runs code
    std::vector<ThreadImpl*> threads_;
    std::atomic<uint64_t> generation_ = 1;
    Stats stats_;

    friend class Engine;
};

}  // namespace pydbt::runtime
