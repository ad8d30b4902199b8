#include "usermode/memory/address_space.hpp"

#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include "usermode/memory/guest_memory.hpp"

namespace pydbt::usermode {
namespace {

int host_prot(int prot) {
    int host = prot & (PROT_READ | PROT_WRITE);
    return (prot & PROT_EXEC) != 0 ? host | PROT_READ : host;
}

int64_t host_mmap(uint64_t address, uint64_t bytes, int prot, int flags, int fd, uint64_t offset) {
    long result = syscall(SYS_mmap, address, bytes, prot, flags, fd, offset);
    return result == -1 ? -errno : result;
}

// What others than this class see of a range.
constexpr int kProtSem = 0x8;  // PROT_SEM: the page may hold semaphores
constexpr int kProtBits = PROT_READ | PROT_WRITE | PROT_EXEC | kProtBti | kProtMte;
// x86's MAP_32BIT: no flag of AArch64.
constexpr int kMap32Bit = 0x40;

}  // namespace

// --- ranges -------------------------------------------------------------------------------------

void AddressSpace::split(uint64_t at) {
    auto it = ranges_.upper_bound(at);
    if (it == ranges_.begin()) return;
    --it;
    if (it->first >= at || it->second.end <= at) return;
    ranges_[at] = it->second;
    it->second.end = at;
}

bool AddressSpace::clear(uint64_t begin, uint64_t end) {
    split(begin);
    split(end);
    bool executable = false;
    auto first = ranges_.lower_bound(begin), last = first;
    for (; last != ranges_.end() && last->first < end; ++last) {
        executable |= (last->second.prot & PROT_EXEC) != 0;
    }
    ranges_.erase(first, last);
    return executable;
}

// --- names --------------------------------------------------------------------------------------

namespace {

// Takes [begin, end) out of parts that have a begin and an end.
template <class Part>
void cut(std::vector<Part>& parts, uint64_t begin, uint64_t end) {
    std::vector<Part> kept;
    for (Part part : parts) {
        Part before = part, after = part;
        before.end = std::min(part.end, begin);
        after.begin = std::max(part.begin, end);
        if (before.begin < before.end) kept.push_back(before);
        if (after.begin < after.end) kept.push_back(after);
    }
    parts = std::move(kept);
}

}  // namespace

void AddressSpace::forget(uint64_t begin, uint64_t end) {
    cut(names_, begin, end);
    cut(attached_, begin, end);
}

void AddressSpace::name(uint64_t begin, uint64_t end, const char* text) {
    Lock lock(mutex_);
    forget(begin, end);
    names_.push_back({begin, end, text});
}

namespace {
constexpr char kVdsoName[] = "[vdso]";
}

void AddressSpace::set_vdso(uint64_t begin, uint64_t end) {
    name(begin, end, kVdsoName);
    vdso_.store(begin, std::memory_order_relaxed);
}

bool AddressSpace::in_vdso(uint64_t address) const {
    std::shared_lock lock(mutex_);
    uint64_t end = ~uint64_t{0};
    return name_at(address, end) == kVdsoName;
}

// The name of a byte; `end` becomes where that changes, if it is before.
const char* AddressSpace::name_at(uint64_t address, uint64_t& end) const {
    const char* text = "";
    auto look = [&](uint64_t first, uint64_t last, const char* name) {
        if (first > address) {
            end = std::min(end, first);
        } else if (last > address) {
            end = std::min(end, last);
            text = name;
        }
    };
    if (brk_start_ < brk_) look(brk_start_, page_up(brk_), "[heap]");
    for (const Name& n : names_) look(n.begin, n.end, n.text);
    return text;
}

// mremap(2) takes names along.
void AddressSpace::move(uint64_t from, uint64_t to, uint64_t bytes) {
    uint64_t here = vdso_.load(std::memory_order_relaxed);
    if (here >= from && here - from < bytes) vdso_.store(here - from + to);
    std::vector<Name> moved;
    for (const Name& n : names_) {
        uint64_t begin = std::max(n.begin, from), end = std::min(n.end, from + bytes);
        if (begin < end) moved.push_back({begin - from + to, end - from + to, n.text});
    }
    std::vector<Attached> parts;
    for (const Attached& a : attached_) {
        uint64_t begin = std::max(a.begin, from), end = std::min(a.end, from + bytes);
        if (begin < end) parts.push_back({begin - from + to, end - from + to, a.start - from + to});
    }
    forget(from, from + bytes);
    forget(to, to + bytes);
    names_.insert(names_.end(), moved.begin(), moved.end());
    attached_.insert(attached_.end(), parts.begin(), parts.end());
}

// --- looking ------------------------------------------------------------------------------------

void AddressSpace::set(uint64_t begin, uint64_t end, int prot) const {
    auto at = ranges_.insert_or_assign(begin, Range{end, prot}).first;
    auto next = std::next(at);
    if (next != ranges_.end() && next->first == end && next->second.prot == prot) {
        at->second.end = next->second.end;
        ranges_.erase(next);
    }
    if (at == ranges_.begin()) return;
    auto previous = std::prev(at);
    if (previous->second.end != begin || previous->second.prot != prot) return;
    previous->second.end = at->second.end;
    ranges_.erase(at);
}

uint64_t AddressSpace::owned_end(uint64_t address, uint64_t end) const {
    auto it = ranges_.upper_bound(address);
    if (it != ranges_.begin()) --it;
    for (; address < end; ++it) {
        if (it == ranges_.end() || it->first > address || it->second.end <= address) break;
        address = it->second.end;
    }
    return std::min(address, end);
}

bool AddressSpace::owns_locked(uint64_t address, uint64_t bytes) const {
    if (bytes > kAddressLimit || address > kAddressLimit - bytes) return false;
    return owned_end(address, address + bytes) == address + bytes;
}

bool AddressSpace::owns(uint64_t address, uint64_t bytes) const {
    std::shared_lock lock = reader();
    return owns_locked(address, bytes);
}

uint64_t AddressSpace::mapped_bytes() const {
    std::shared_lock lock = reader();
    return mapped_bytes_locked();
}

uint64_t AddressSpace::mapped_bytes_locked() const {
    uint64_t bytes = 0;
    each_part(grown_stack(), [&](uint64_t begin, uint64_t end, int) { bytes += end - begin; });
    return bytes;
}

bool AddressSpace::is_stack(uint64_t begin, uint64_t end) const {
    if (stack_sp_ >= begin && stack_sp_ < end) return true;
    return std::any_of(growing_.begin(), growing_.end(),
                       [&](uint64_t first) { return first >= begin && first < end; });
}

AddressSpace::DataShare AddressSpace::data_in(uint64_t address, uint64_t bytes) const {
    std::shared_lock lock = reader();
    DataShare share;
    uint64_t end = address + std::min(bytes, kAddressLimit - std::min(kAddressLimit, address));
    auto it = ranges_.upper_bound(address);
    if (it != ranges_.begin()) --it;
    for (; it != ranges_.end() && it->first < end; ++it) {
        const auto& [begin, range] = *it;
        uint64_t first = std::max(begin, address), last = std::min(range.end, end);
        if (first >= last || (range.prot & kShared) != 0 || is_stack(begin, range.end)) continue;
        ((range.prot & PROT_WRITE) != 0 ? share.is : share.could_be) += last - first;
    }
    return share;
}

uint64_t AddressSpace::data_bytes() const { return data_in(0, kAddressLimit).is; }

// The kernel maps 128 KiB below the arguments (setup_arg_pages() of fs/exec.c) and more when it is
// touched.
uint64_t AddressSpace::grown_stack() const {
    constexpr uint64_t kAtFirst = 128 << 10;
    uint64_t grown = std::max(stack_begin_, stack_sp_ - std::min(stack_sp_, kAtFirst));
    std::vector<unsigned char> present((grown - stack_begin_) / kPageSize);
    if (mincore(reinterpret_cast<void*>(stack_begin_), grown - stack_begin_, present.data()) != 0) {
        return grown;
    }
    auto touched =
        std::find_if(present.begin(), present.end(), [](auto p) { return (p & 1) != 0; });
    return stack_begin_ + static_cast<uint64_t>(touched - present.begin()) * kPageSize;
}

template <class Function>
void AddressSpace::each_part(uint64_t grown, Function function) const {
    for (const auto& [begin, range] : ranges_) {
        uint64_t before = std::min(range.end, stack_begin_), after = std::max(begin, grown);
        if (begin < before) function(begin, before, range.prot);
        if (after < range.end) function(after, range.end, range.prot);
    }
}

std::vector<GuestRange> AddressSpace::ranges_in(uint64_t begin, uint64_t end) const {
    std::shared_lock lock = reader();
    std::vector<GuestRange> result;
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin()) --it;
    for (; it != ranges_.end() && it->first < end; ++it) {
        uint64_t first = std::max(it->first, begin), last = std::min(it->second.end, end);
        while (first < last) {
            uint64_t part = last;
            const char* name = name_at(first, part);
            result.push_back({first, part, it->second.prot & kProtBits, name});
            first = part;
        }
    }
    return result;
}

int AddressSpace::prot_at(uint64_t address) const {
    auto look = [&] {
        auto it = ranges_.upper_bound(address);
        if (it == ranges_.begin() || std::prev(it)->second.end <= address) return -1;
        return std::prev(it)->second.prot & kProtBits;
    };
    {
        std::shared_lock lock(mutex_);
        int prot = look();
        if (prot >= 0 || !any_grows_) return prot;
    }
    std::shared_lock lock = reader();
    return look();
}

size_t AddressSpace::fetch(uint64_t pc, std::span<uint32_t> words) const {
    std::shared_lock lock(mutex_);
    auto it = ranges_.upper_bound(pc);
    if (it == ranges_.begin()) return 0;
    --it;
    if (it->second.end <= pc || (it->second.prot & PROT_EXEC) == 0) return 0;
    uint64_t end = page_down(pc) + kPageSize;
    size_t count = std::min<size_t>(words.size(), (end - pc) / 4);
    // A mapping may be longer than its file.
    return copy_from_guest(words.data(), pc, count * 4) ? count : 0;
}

// Makes sure that nothing but the guest's own memory lies in the range, by mapping its gaps.
bool AddressSpace::Gaps::fill(const Ranges& ranges, uint64_t begin, uint64_t end) {
    auto it = ranges.upper_bound(begin);
    if (it != ranges.begin() && std::prev(it)->second.end > begin)
        begin = std::prev(it)->second.end;
    while (begin < end) {
        uint64_t gap_end = it == ranges.end() ? end : std::min(end, it->first);
        if (begin < gap_end) {
            constexpr int kFlags =
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
            if (host_mmap(begin, gap_end - begin, PROT_NONE, kFlags, -1, 0) < 0) return false;
            filled_.emplace_back(begin, gap_end);
        }
        if (it == ranges.end()) break;
        begin = it->second.end;
        ++it;
    }
    return true;
}

AddressSpace::Gaps::~Gaps() {
    for (auto [begin, end] : filled_) munmap(reinterpret_cast<void*>(begin), end - begin);
}

// --- the calls ----------------------------------------------------------------------------------

int64_t AddressSpace::map(uint64_t address, uint64_t bytes, int prot, int flags, int fd,
                          uint64_t offset) {
    flags &= ~kMap32Bit;
    if (bytes == 0) return -EINVAL;
    if (bytes > kAddressLimit) return -ENOMEM;
    uint64_t size = page_up(bytes);
    bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    if (fixed && address % kPageSize != 0) return -EINVAL;
    if (fixed && address > kAddressLimit - size) return -ENOMEM;
    int kept = (prot & prot_bits_) | nature(flags, fd);
    if ((kept & kProtMte) != 0 && (kept & kMayHaveTags) == 0) return -EINVAL;
    if ((kept & kProtMte) != 0 && tag_storage() == nullptr) return -ENOMEM;
    int64_t result;
    bool was_code = false;
    {
        Lock lock(mutex_);
        learn_growth();
        Gaps gaps;
        if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) == 0 &&
            !gaps.fill(ranges_, address, address + size)) {
            return -ENOMEM;
        }
        result = host_mmap(address, size, host_prot(prot), flags, fd, offset);
        if (result < 0) return result;
        gaps.keep();
        address = static_cast<uint64_t>(result);
        was_code = clear(address, address + size);
        forget(address, address + size);
        tags_.clear(address, address + size);
        set(address, address + size, kept);
        if ((flags & MAP_GROWSDOWN) != 0) {
            growing_.push_back(address);
            any_grows_ = true;
        }
        lock_new(address, size);
    }
    stale(was_code, address, address + size);
    if ((prot & kProtBti) != 0 && guard_) guard_();
    return result;
}

int64_t AddressSpace::unmap(uint64_t address, uint64_t bytes) {
    if (address % kPageSize != 0 || bytes == 0) return -EINVAL;
    if (bytes > kAddressLimit || address > kAddressLimit - bytes) return -EINVAL;
    uint64_t end = address + page_up(bytes);
    bool was_code = false;
    int64_t failure;
    {
        Lock lock(mutex_);
        learn_growth();
        was_code = drop(address, end, failure);
    }
    stale(was_code, address, end);
    return failure;
}

// The kernel refuses to unmap what is sealed, and more than it can keep track of.
bool AddressSpace::drop(uint64_t begin, uint64_t end, int64_t& failure) {
    failure = 0;
    split(begin);
    split(end);
    for (auto it = ranges_.lower_bound(begin); it != ranges_.end() && it->first < end; ++it) {
        if (munmap(reinterpret_cast<void*>(it->first), it->second.end - it->first) == 0) continue;
        failure = -errno;
        end = it->first;
        break;
    }
    forget(begin, end);
    if (begin < end) tags_.clear(begin, end);
    return clear(begin, end);
}

// --- shared memory, locked memory ---------------------------------------------------------------

int64_t AddressSpace::attach(int id, uint64_t address, int flags) {
    shmid_ds info;
    // Who may attach may look; the size cannot change.
    if (shmctl(id, IPC_STAT, &info) != 0) return -errno;
    uint64_t size = page_up(info.shm_segsz);
    if ((flags & SHM_RND) != 0) address = page_down(address);
    if (address > kAddressLimit - size) return -EINVAL;
    int prot = PROT_READ | ((flags & SHM_RDONLY) != 0 ? 0 : PROT_WRITE) |
               ((flags & SHM_EXEC) != 0 ? PROT_EXEC : 0);
    int64_t result;
    bool was_code = false;
    {
        Lock lock(mutex_);
        Gaps gaps;
        if ((flags & SHM_REMAP) != 0 && address != 0 &&
            !gaps.fill(ranges_, address, address + size)) {
            return -EINVAL;
        }
        result = syscall(SYS_shmat, id, address, flags & ~SHM_EXEC);
        if (result == -1) return -errno;
        gaps.keep();
        address = static_cast<uint64_t>(result);
        was_code = clear(address, address + size);
        forget(address, address + size);
        tags_.clear(address, address + size);
        set(address, address + size, prot | kShared);
        attached_.push_back({address, address + size, address});
    }
    stale(was_code, address, address + size);
    return result;
}

// Only what is left of it, as ksys_shmdt() of ipc/shm.c.
int64_t AddressSpace::detach(uint64_t address) {
    std::vector<Attached> parts;
    bool was_code = false;
    {
        Lock lock(mutex_);
        for (const Attached& a : attached_) {
            if (a.start == address) parts.push_back(a);
        }
        if (parts.empty()) return -EINVAL;
        if (shmdt(reinterpret_cast<void*>(address)) != 0) return -errno;
        for (const Attached& a : parts) {
            was_code |= clear(a.begin, a.end);
            forget(a.begin, a.end);
            tags_.clear(a.begin, a.end);
        }
    }
    for (const Attached& a : parts) stale(was_code, a.begin, a.end);
    return 0;
}

int64_t AddressSpace::lock_all(int flags, uint64_t limit) {
    if ((flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0) return -EINVAL;
    if ((flags & (MCL_CURRENT | MCL_FUTURE)) == 0) return -EINVAL;
    if (limit == 0) return -EPERM;
    Lock lock(mutex_);
    if ((flags & MCL_CURRENT) != 0) {
        if (mapped_bytes_locked() > limit) return -ENOMEM;
        int64_t result = lock_current((flags & MCL_ONFAULT) != 0 ? MLOCK_ONFAULT : 0);
        if (result != 0) return result;
        // What the stack grows by is locked as it comes.
        uint64_t grown = grown_stack();
        if (limit == kNoLimit) {
            syscall(SYS_mlock2, stack_begin_, grown - stack_begin_, MLOCK_ONFAULT);
        }
    }
    lock_future_ = (flags & MCL_FUTURE) != 0 ? flags : 0;
    return 0;
}

int64_t AddressSpace::lock_current(unsigned how) const {
    int64_t failure = 0;
    each_part(grown_stack(), [&](uint64_t begin, uint64_t end, int prot) {
        if (failure != 0 || syscall(SYS_mlock2, begin, end - begin, how) == 0) return;
        // What cannot be read cannot be filled; the kernel goes on, too.
        if (errno != EFAULT && (prot & PROT_READ) != 0) failure = -errno;
    });
    return failure;
}

int64_t AddressSpace::unlock_all() {
    Lock lock(mutex_);
    lock_future_ = 0;
    for (const auto& [begin, range] : ranges_) {
        munlock(reinterpret_cast<void*>(begin), range.end - begin);
    }
    return 0;
}

void AddressSpace::lock_new(uint64_t address, uint64_t bytes) const {
    if (lock_future_ == 0) return;
    syscall(SYS_mlock2, address, bytes, (lock_future_ & MCL_ONFAULT) != 0 ? MLOCK_ONFAULT : 0);
}

// What is shared stays so, and PROT_MTE stays: mprotect() cannot take it away (VM_MTE is none of
// VM_ACCESS_FLAGS). True when any of it was executable.
bool AddressSpace::reprotect(uint64_t begin, uint64_t end, int prot) {
    split(begin);
    split(end);
    auto first = ranges_.lower_bound(begin), last = ranges_.lower_bound(end);
    std::vector<std::pair<uint64_t, Range>> parts(first, last);
    bool was_code = clear(begin, end);
    for (const auto& [at, part] : parts) set(at, part.end, prot | (part.prot & kStays));
    return was_code;
}

int64_t AddressSpace::protect(uint64_t address, uint64_t bytes, int prot) {
    if (address % kPageSize != 0) return -EINVAL;
    if (bytes == 0) return 0;
    uint64_t size = page_up(bytes);
    if (address + size <= address) return -ENOMEM;
    if ((prot & ~(prot_bits_ | kProtSem | PROT_GROWSDOWN)) != 0) return -EINVAL;
    if (bytes > kAddressLimit || address > kAddressLimit - bytes) return -ENOMEM;
    int64_t failure = 0;
    bool was_code = false;
    bool tags = (prot & prot_bits_ & kProtMte) != 0;
    if (tags && tag_storage() == nullptr) return -ENOMEM;
    {
        Lock lock(mutex_);
        learn_growth();
        if (!owns_locked(address, 1)) return -ENOMEM;
        if ((prot & PROT_GROWSDOWN) != 0) {
            if (!grows_down(address)) return -EINVAL;
            uint64_t begin = std::prev(ranges_.upper_bound(address))->first;
            size += address - begin;
            address = begin;
        }
        uint64_t mapped = owned_end(address, address + size) - address;
        if (mapped < size) failure = -ENOMEM;  // behind the first part it changes nothing
        size = mapped;
        if (tags && !may_tag(address, address + size)) return -EINVAL;
        long result = syscall(SYS_mprotect, address, size, host_prot(prot));
        if (result != 0) return -errno;
        was_code = reprotect(address, address + size, prot & prot_bits_);
    }
    stale(was_code, address, address + size);
    if ((prot & kProtBti) != 0) guard_();
    return failure;
}

// A mremap(2) that fails may have unmapped its target before.
void AddressSpace::find_lost(uint64_t begin, uint64_t end) {
    auto it = ranges_.lower_bound(begin);
    if (it == ranges_.end() || it->first >= end) return;
    unsigned char present;
    if (mincore(reinterpret_cast<void*>(it->first), kPageSize, &present) == 0) return;
    clear(begin, end);
    forget(begin, end);
}

int64_t AddressSpace::remap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, int flags,
                            uint64_t new_address) {
    if (address % kPageSize != 0 || new_bytes == 0) return -EINVAL;
    if (new_bytes > kAddressLimit) return -ENOMEM;
    uint64_t old_size = page_up(old_bytes), new_size = page_up(new_bytes);
    int64_t result;
    bool was_code = false;
    {
        Lock lock(mutex_);
        learn_growth();
        if (!owns_locked(address, old_size == 0 ? kPageSize : old_size)) return -EFAULT;
        int prot = std::prev(ranges_.upper_bound(address))->second.prot;
        Gaps gaps;
        if ((flags & MREMAP_FIXED) != 0) {
            if (new_address % kPageSize != 0 || new_address > kAddressLimit - new_size)
                return -EINVAL;
            if (!gaps.fill(ranges_, new_address, new_address + new_size)) return -ENOMEM;
        }
        long raw = syscall(SYS_mremap, address, old_size, new_size, flags, new_address);
        if (raw == -1) {
            int64_t failure = -errno;
            if ((flags & MREMAP_FIXED) != 0) find_lost(new_address, new_address + new_size);
            return failure;
        }
        gaps.keep();
        result = raw;
        constexpr int kDontUnmap = 4;  // MREMAP_DONTUNMAP
        auto to = static_cast<uint64_t>(result);
        if (to != address) forget(to, to + new_size);
        if (to == address && new_size < old_size) forget(to + new_size, to + old_size);
        if (old_size != 0 && (flags & kDontUnmap) == 0) {
            was_code = clear(address, address + old_size);
            if (to != address) move(address, to, old_size);
        }
        move_tags(address, old_size, to, new_size);
        was_code |= clear(to, to + new_size);
        set(to, to + new_size, prot);
    }
    stale(was_code, address, address + old_size);
    auto to = static_cast<uint64_t>(result);
    stale(was_code, to, to + new_size);
    return result;
}

int64_t AddressSpace::advise(uint64_t address, uint64_t bytes, int advice) {
    if (address % kPageSize != 0) return -EINVAL;
    uint64_t size = page_up(bytes), end = address + size;
    if (size < bytes || end < address) return -EINVAL;
    if (size == 0) return 0;
    constexpr int kDontNeed = MADV_DONTNEED, kRemove = MADV_REMOVE, kFree = MADV_FREE;
    bool drops = advice == kDontNeed || advice == kRemove || advice == kFree;
    uint64_t at = address;
    bool holes = false;
    for (const GuestRange& range : ranges_in(address, end)) {
        holes |= range.begin != at;
        at = range.end;
        auto* memory = reinterpret_cast<void*>(range.begin);
        if (madvise(memory, range.end - range.begin, advice) != 0) return -errno;
        stale(drops, range.begin, range.end);
        if (drops) drop_tags(range.begin, range.end);
    }
    return holes || at != end ? -ENOMEM : 0;
}

// The C library's lock knows its owner by the thread's id, which the child does not have.
void AddressSpace::after_fork(bool child) {
    if (child) {
        new (&mutex_) std::shared_mutex;
    } else {
        mutex_.unlock();
    }
}

void AddressSpace::set_brk(uint64_t start) { brk_start_ = brk_ = page_up(start); }

uint64_t AddressSpace::brk(uint64_t wanted) {
    bool was_code = false;
    uint64_t old_end, new_end;
    {
        Lock lock(mutex_);
        if (wanted < brk_start_ || wanted > kAddressLimit) return brk_;
        old_end = page_up(brk_), new_end = page_up(wanted);
        if (new_end > old_end) {
            constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
            int64_t got =
                host_mmap(old_end, new_end - old_end, PROT_READ | PROT_WRITE, kFlags, -1, 0);
            if (got < 0) return brk_;
            set(old_end, new_end, PROT_READ | PROT_WRITE);
            lock_new(old_end, new_end - old_end);
        } else if (new_end < old_end) {
            int64_t failure;
            was_code = drop(new_end, old_end, failure);
            if (failure != 0) return brk_;
        }
        brk_ = wanted;
    }
    stale(was_code, new_end, old_end);
    return wanted;
}

}  // namespace pydbt::usermode
