#include "usermode/syscalls/end.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

void wake_one(uint64_t address) { syscall(SYS_futex, address, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

// handle_futex_death() of kernel/futex/core.c. The word is read first, so that a bad address is
// noticed; the exchange after that only faults if another thread unmaps it.
bool mark_dead(uint64_t address, uint32_t tid, bool pi, bool pending) {
    address = untag(address);
    uint32_t value;
    if (address % sizeof value != 0 || !read_guest(address, value)) return false;
    if (pending && !pi && value == 0) {
        wake_one(address);
        return true;
    }
    auto* word = reinterpret_cast<uint32_t*>(address);
    for (;;) {
        if ((value & FUTEX_TID_MASK) != tid) return true;
        uint32_t dead = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        if (__atomic_compare_exchange_n(word, &value, dead, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            break;
        }
    }
    if (!pi && (value & FUTEX_WAITERS) != 0) wake_one(address);
    return true;
}

// exit_robust_list() of kernel/futex/core.c. Bit 0 of an entry's address says that its mutex is of
// the kind that inherits priority.
void leave_mutexes(uint64_t list, uint32_t tid) {
    struct Head {
        uint64_t next;
        int64_t offset;
        uint64_t pending;
    } head;
    if (!read_guest(list, head)) return;
    constexpr int kMost = ROBUST_LIST_LIMIT;
    auto place = [&](uint64_t entry) {
        return (entry & ~uint64_t{1}) + static_cast<uint64_t>(head.offset);
    };
    uint64_t entry = head.next;
    for (int n = 0; n < kMost && (entry & ~uint64_t{1}) != list; n++) {
        uint64_t next;
        bool more = read_guest(entry & ~uint64_t{1}, next);
        // The kernel leaves the one in question to the end.
        if ((entry ^ head.pending) > 1 && !mark_dead(place(entry), tid, (entry & 1) != 0, false)) {
            return;
        }
        if (!more) return;
        entry = next;
    }
    if (head.pending != 0) mark_dead(place(head.pending), tid, (head.pending & 1) != 0, true);
}

}  // namespace

void end_thread(GuestThread& thread) {
    if (thread.robust_list != 0) {
        leave_mutexes(untag(thread.robust_list), static_cast<uint32_t>(thread.tid));
        forget_robust_list();  // the kernel would do it again, when the memory may be gone
    }
    if (thread.clear_child_tid == 0) return;
    uint32_t zero = 0;
    write_guest(thread.clear_child_tid, zero);
    wake_one(untag(thread.clear_child_tid));
}

}  // namespace pydbt::usermode
