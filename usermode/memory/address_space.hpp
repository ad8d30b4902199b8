// The guest's mappings: what the guest asked for, and what the host was told.
//
// Owns: the ranges the guest has with their PROT_ bits, mmap and its relatives on them, brk. A
// guest's PROT_EXEC never becomes the host's: translated code is elsewhere. Memory that is not the
// guest's (the launcher's own) is never mapped over, unmapped or reprotected. Must not know:
// syscalls' numbers, ELF.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <utility>
#include <vector>

#include "usermode/memory/tags.hpp"

namespace pydbt::usermode {

inline constexpr uint64_t kPageSize = 4096;
/// PROT_BTI (arch/arm64/include/uapi/asm/mman.h).
inline constexpr int kProtBti = 0x10;
inline constexpr int kProtMte = 0x20;
/// What the host gives a process: 47 bits.
inline constexpr uint64_t kAddressLimit = (uint64_t{1} << 47) - kPageSize;

inline uint64_t page_down(uint64_t address) { return address & ~(kPageSize - 1); }
inline uint64_t page_up(uint64_t address) { return page_down(address + kPageSize - 1); }

/// A part of the guest's memory with one protection.
struct GuestRange {
    uint64_t begin, end;
    int prot;
    const char* name;  // "[heap]" and the like; empty: none of ours
};

/// Thread-safe. Results are addresses or negated errnos, as the kernel's.
class AddressSpace {
   public:
    /// Called with ranges whose translations are stale, outside any lock of this class.
    using Invalidate = std::function<void(uint64_t begin, uint64_t end)>;
    void on_code_change(Invalidate function) { invalidate_ = std::move(function); }

    /// The CPU has guarded pages: PROT_BTI is understood. Called when the first one appears,
    /// outside any lock of this class.
    void on_guard(std::function<void()> function) {
        guard_ = std::move(function);
        prot_bits_ |= kProtBti;
    }
    bool guarded(uint64_t address) const {
        int prot = prot_at(address);
        return prot >= 0 && (prot & kProtBti) != 0;
    }

    /// The CPU has allocation tags: PROT_MTE is understood.
    void allow_tags() { prot_bits_ |= kProtMte; }
    /// Where they are kept; null: there is no memory for them.
    uint8_t* tag_storage();
    /// Whether a byte's memory has tags.
    bool tagged(uint64_t address) const;
    uint8_t tag_at(uint64_t address) const;
    /// Of `granules` from an address on, as far as memory has tags.
    void set_tags(uint64_t address, uint64_t granules, uint8_t tag);

    int64_t map(uint64_t address, uint64_t bytes, int prot, int flags, int fd, uint64_t offset);
    int64_t unmap(uint64_t address, uint64_t bytes);
    int64_t protect(uint64_t address, uint64_t bytes, int prot);
    int64_t remap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, int flags,
                  uint64_t new_address);
    /// shmat(2) and shmdt(2).
    int64_t attach(int id, uint64_t address, int flags);
    int64_t detach(uint64_t address);
    /// mlockall(2) and munlockall(2), of what is the guest's. `limit`: RLIMIT_MEMLOCK in bytes, or
    /// kNoLimit for who may lock anything.
    static constexpr uint64_t kNoLimit = ~uint64_t{0};
    int64_t lock_all(int flags, uint64_t limit);
    int64_t unlock_all();
    /// Translations of the range are stale: the memory behind it has changed.
    void changed(uint64_t address, uint64_t bytes) { stale(true, address, address + bytes); }
    int64_t advise(uint64_t address, uint64_t bytes, int advice);

    /// Around fork(): no other thread is amid a change then, so that the child finds it whole.
    void prepare_fork() { mutex_.lock(); }
    void after_fork(bool child);

    /// The initial stack's lowest byte and its first SP: all of it is mapped, but the kernel counts
    /// only what it has grown to.
    void set_stack(uint64_t begin, uint64_t sp) {
        stack_begin_ = begin;
        stack_sp_ = page_down(sp);
    }

    void set_brk(uint64_t start);
    /// brk(2): the new break, or the old one when it cannot be.
    uint64_t brk(uint64_t wanted);

    uint64_t brk_start() const { return brk_start_; }

    /// What /proc/PID/maps calls a range, until something else is there. `text` is not copied.
    void name(uint64_t begin, uint64_t end, const char* text);
    /// Where the vDSO is. The guest may move it, and signals return to it where it is then.
    void set_vdso(uint64_t begin, uint64_t end);
    uint64_t vdso() const { return vdso_.load(std::memory_order_relaxed); }
    /// Whether the vDSO's code is at an address.
    bool in_vdso(uint64_t address) const;

    /// All that the guest has, of the initial stack what it has grown to.
    uint64_t mapped_bytes() const;
    /// What RLIMIT_DATA is about: private memory that can be written, but the stack.
    uint64_t data_bytes() const;
    /// How much of [address, address + bytes) is that, and how much would be if it could be
    /// written.
    struct DataShare {
        uint64_t is = 0, could_be = 0;
    };
    DataShare data_in(uint64_t address, uint64_t bytes) const;
    /// Whether every byte of [address, address + bytes) is the guest's.
    bool owns(uint64_t address, uint64_t bytes) const;
    /// What the guest has in [begin, end), in order.
    std::vector<GuestRange> ranges_in(uint64_t begin, uint64_t end) const;
    /// The PROT_ bits of a byte; -1 when the guest has nothing there.
    int prot_at(uint64_t address) const;
    /// Copies instruction words from executable memory, to the end of the page at most; see
    /// runtime::Environment::fetch.
    size_t fetch(uint64_t pc, std::span<uint32_t> words) const;

   private:
    // Beside PROT_ bits: what is written there others see; the memory may be given tags.
    static constexpr int kShared = 0x100, kMayHaveTags = 0x200;
    static constexpr int kStays = kShared | kMayHaveTags | kProtMte;
    struct Range {
        uint64_t end;
        int prot;  // and what is beside
    };
    /// A part of shared memory of System V that begins, or would begin, at `start`.
    struct Attached {
        uint64_t begin, end, start;
    };
    struct Name {
        uint64_t begin, end;
        const char* text;
    };
    using Lock = std::unique_lock<std::shared_mutex>;
    using Ranges = std::map<uint64_t, Range>;

    /// Mappings made only to see that nothing of ours is in the way; taken back unless kept.
    class Gaps {
       public:
        Gaps() = default;
        ~Gaps();
        Gaps(const Gaps&) = delete;
        Gaps& operator=(const Gaps&) = delete;
        bool fill(const Ranges& ranges, uint64_t begin, uint64_t end);
        void keep() { filled_.clear(); }

       private:
        std::vector<std::pair<uint64_t, uint64_t>> filled_;
    };

    uint64_t mapped_bytes_locked() const;
    /// The lowest byte of the initial stack that has been used.
    uint64_t grown_stack() const;
    /// Calls function(begin, end, prot) for all but the stack below `grown`.
    template <class Function>
    void each_part(uint64_t grown, Function function) const;
    int64_t lock_current(unsigned how) const;
    /// The end of what the guest has from `address` on without a hole, at most `end`.
    uint64_t owned_end(uint64_t address, uint64_t end) const;
    void find_lost(uint64_t begin, uint64_t end);
    bool owns_locked(uint64_t address, uint64_t bytes) const;
    bool is_stack(uint64_t begin, uint64_t end) const;
    void set(uint64_t begin, uint64_t end, int prot) const;
    /// What a mapping made so has beside its PROT_ bits.
    static int nature(int flags, int fd);
    bool may_tag(uint64_t begin, uint64_t end) const;
    /// Of what is private in the range: its contents are gone.
    void drop_tags(uint64_t begin, uint64_t end);
    void move_tags(uint64_t from, uint64_t old_bytes, uint64_t to, uint64_t new_bytes);
    /// Takes [begin, end) out of the ranges; true when any of it was executable.
    bool clear(uint64_t begin, uint64_t end);
    bool reprotect(uint64_t begin, uint64_t end, int prot);
    void split(uint64_t at);
    void forget(uint64_t begin, uint64_t end);
    void move(uint64_t from, uint64_t to, uint64_t bytes);
    const char* name_at(uint64_t address, uint64_t& end) const;
    /// Unmaps what the guest has in [begin, end); true when any of it was executable.
    bool drop(uint64_t begin, uint64_t end, int64_t& failure);
    void lock_new(uint64_t address, uint64_t bytes) const;
    void stale(bool any, uint64_t begin, uint64_t end) {
        if (any && invalidate_) invalidate_(begin, end);
    }

    /// What the kernel has done meanwhile: mappings with MAP_GROWSDOWN grow when they are touched
    /// below. With the lock; before the ranges are believed.
    void learn_growth() const;
    std::shared_lock<std::shared_mutex> reader() const;
    /// Whether the mapping of a byte grows downwards, or is the stack, which Linux's does.
    bool grows_down(uint64_t address) const;

    mutable std::shared_mutex mutex_;
    mutable Ranges ranges_;                  // by first byte; they do not overlap
    mutable std::vector<uint64_t> growing_;  // first bytes of mappings with MAP_GROWSDOWN
    std::atomic<bool> any_grows_ = false;
    std::vector<Attached> attached_;
    int lock_future_ = 0;  // the flags of mlockall(MCL_FUTURE)
    uint64_t brk_start_ = 0, brk_ = 0;
    std::vector<Name> names_;
    std::atomic<uint64_t> vdso_ = 0;
    uint64_t stack_begin_ = 0, stack_sp_ = 0;
    int prot_bits_ = 0x7;  // that are kept: PROT_READ, PROT_WRITE, PROT_EXEC, and what the CPU has
    TagStorage tags_;
    Invalidate invalidate_;
    std::function<void()> guard_;
};

}  // namespace pydbt::usermode
