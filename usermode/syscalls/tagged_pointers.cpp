#include "usermode/syscalls/tagged_pointers.hpp"

#include <linux/futex.h>
#include <linux/limits.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "translator/base/tags.hpp"
#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"

namespace pydbt::usermode {
namespace {

constexpr uint64_t kAllowed = ~uint64_t{0};
constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostBytes = 0x7fff'f000;         // MAX_RW_COUNT: no call moves more
constexpr uint64_t kMostParts = 1024;                // UIO_MAXIOV
constexpr uint64_t kKernel = 0xffff'8000'0000'0000;  // nothing of a program's: EFAULT

uint64_t nowhere(uint64_t address) { return address | kKernel; }

// A wait compares the word; what wakes only knows it by its address.
bool reads_futex(uint64_t operation) {
    switch (operation & FUTEX_CMD_MASK) {
        case FUTEX_WAKE:
        case FUTEX_WAKE_BITSET:
        case FUTEX_REQUEUE: return false;
        default: return true;
    }
}

// How many bytes an option of prctl reads or writes at its first argument; 0: that is a number.
uint64_t bytes_of_option(uint64_t option) {
    constexpr uint64_t kNameBytes = 16;
    switch (option & 0xffffffff) {
        case PR_SET_NAME: return 1;  // as far as the name goes
        case PR_GET_NAME: return kNameBytes;
        case PR_GET_PDEATHSIG:
        case PR_GET_CHILD_SUBREAPER: return sizeof(int);
        default: return 0;
    }
}

bool is(const SyscallInfo& info, SyscallNumber number) {
    return &info == &kSyscalls[static_cast<uint32_t>(number)];
}

}  // namespace

TaggedPointers::TaggedPointers(GuestThread& thread, const SyscallInfo& info, SyscallArgs& args)
    : thread_(thread) {
    for (unsigned n = 0; n < info.count; n++) {
        if ((info.pointers >> n & 1) != 0) argument(info, args, n);
    }
    uint64_t bytes = is(info, SyscallNumber::prctl_) ? bytes_of_option(args[0]) : 0;
    if (bytes != 0) args[1] = checked(args[1], bytes);
}

// Without PR_TAGGED_ADDR_ENABLE the kernel answers EFAULT, as the host's does.
uint64_t TaggedPointers::pointer(uint64_t address) const {
    return thread_.group->tagged_addresses ? untag(address) : address;
}

// The offset of the first byte whose memory has another tag. The kernel's accesses are checked
// whatever PSTATE.TCO is, but not for asynchronous checks.
uint64_t TaggedPointers::first_wrong(uint64_t address, uint64_t bytes) const {
    const base::CpuState& state = thread_.state();
    constexpr uint64_t kUpper = uint64_t{1} << 55;
    if (state.tag_check != base::kTagCheckSync || (address & kUpper) != 0) return kAllowed;
    auto* tags = reinterpret_cast<const uint8_t*>(state.tags);
    uint64_t begin = untag(address), end = begin + std::min(bytes, kMostBytes);
    for (uint64_t at = begin; at < end;) {
        uint64_t step = base::kGranule;
        if (tags[base::tag_index(at)] != base::tag_of(address)) {
            if (thread_.process.memory.tagged(at)) return at - begin;
            step = kPage;
        }
        at = (at | (step - 1)) + 1;
    }
    return kAllowed;
}

uint64_t TaggedPointers::checked(uint64_t address, uint64_t bytes) const {
    uint64_t plain = pointer(address);
    return first_wrong(address, bytes) == kAllowed ? plain : nowhere(untag(address));
}

// At least so many bytes the kernel reads or writes, if it gets that far.
uint64_t TaggedPointers::bytes_behind(const SyscallInfo& info, const SyscallArgs& args,
                                      unsigned n) const {
    std::string text;
    switch (info.kinds[n]) {
        case Kind::ptr_: return 1;
        case Kind::buf_: return args[n + 1];
        case Kind::sockaddr_:
            return std::min<uint64_t>(args[n + 1] & 0xffffffff, sizeof(sockaddr_storage));
        case Kind::path_:
        case Kind::str_: read_guest_string(args[n], PATH_MAX, text); return text.size() + 1;
        case Kind::argv_: return sizeof(uint64_t);
        case Kind::addr_: {
            bool word = n == 0 && is(info, SyscallNumber::futex_) && reads_futex(args[1]);
            return word || is(info, SyscallNumber::futex_wait_) ? sizeof(uint32_t) : 0;
        }
        default: {
            auto fields = kind_text(info.kinds[n]).fields;
            return fields.empty() ? 0 : fields.back().offset + uint64_t{fields.back().bytes};
        }
    }
}

void TaggedPointers::argument(const SyscallInfo& info, SyscallArgs& args, unsigned n) {
    uint64_t one = 1;
    switch (info.kinds[n]) {
        case Kind::out_: return filled(info, args, n);
        case Kind::gather_: return buffers(args[n], args[n + 1], Use::read);
        case Kind::scatter_: return buffers(args[n], args[n + 1], Use::filled);
        case Kind::remote_: return buffers(args[n], args[n + 1], Use::none);
        case Kind::mmsg_:
            return messages(args[n], args[n + 1], true, is(info, SyscallNumber::recvmmsg_));
        case Kind::rd_msghdr_:
            return messages(args[n], one, false, is(info, SyscallNumber::recvmsg_));
        default: args[n] = checked(args[n], bytes_behind(info, args, n));
    }
}

// How much the kernel will write is not known. It may be less than there is room for.
void TaggedPointers::filled(const SyscallInfo& info, SyscallArgs& args, unsigned n) const {
    uint64_t wrong = first_wrong(args[n], args[n + 1]);
    args[n] = wrong == 0 ? nowhere(untag(args[n])) : pointer(args[n]);
    if (wrong != 0 && wrong != kAllowed && info.shortened) args[n + 1] = wrong;
}

// A list that cannot be read or is too long is left to the kernel.
void TaggedPointers::buffers(uint64_t& list, uint64_t& count, Use use) {
    uint64_t parts_count = std::min(count, kMostParts + 1);
    uint64_t guest = checked(list, parts_count * sizeof(iovec));
    list = guest;
    if (parts_count == 0 || parts_count > kMostParts) return;
    std::vector<iovec> parts(parts_count);
    if (!copy_from_guest(parts.data(), guest, parts_count * sizeof(iovec))) return;
    for (size_t n = 0; n < parts.size(); n++) {
        auto base = reinterpret_cast<uint64_t>(parts[n].iov_base);
        uint64_t wrong = use == Use::none ? kAllowed : first_wrong(base, parts[n].iov_len);
        parts[n].iov_base = reinterpret_cast<void*>(pointer(base));
        if (wrong == kAllowed) continue;
        if (use == Use::filled && n + wrong != 0) {  // ends there
            parts[n].iov_len = wrong;
            count = n + 1;
        } else {
            parts[n].iov_base = reinterpret_cast<void*>(nowhere(untag(base)));
        }
        break;
    }
    list = reinterpret_cast<uint64_t>(lists_.emplace_back(std::move(parts)).data());
}

void TaggedPointers::messages(uint64_t& list, uint64_t& count, bool many, bool filled) {
    count = std::min(count & 0xffffffff, kMostParts);  // as the kernel does
    size_t stride = many ? sizeof(mmsghdr) : sizeof(msghdr);
    uint64_t guest = checked(list, count * stride);
    list = guest;
    std::vector<mmsghdr> copies(count);
    for (size_t n = 0; n < count; n++) {
        if (!copy_from_guest(&copies[n], guest + n * stride, stride)) {
            if (n == 0) return;
            copies.resize(n);
            count = n;
            break;
        }
        msghdr& m = copies[n].msg_hdr;
        auto clean = [&](void*& p, uint64_t bytes) {
            auto address = reinterpret_cast<uint64_t>(p);
            bytes = filled ? std::min<uint64_t>(bytes, 1) : bytes;
            p = reinterpret_cast<void*>(checked(address, bytes));
        };
        clean(m.msg_name, std::min<uint64_t>(m.msg_namelen, sizeof(sockaddr_storage)));
        clean(m.msg_control, m.msg_controllen);
        auto parts = reinterpret_cast<uint64_t>(m.msg_iov);
        buffers(parts, m.msg_iovlen, filled ? Use::filled : Use::read);
        m.msg_iov = reinterpret_cast<iovec*>(parts);
    }
    if (copies.empty()) return;
    Messages& kept = messages_.emplace_back(guest, many, filled, std::move(copies));
    list = reinterpret_cast<uint64_t>(kept.copies.data());
}

void TaggedPointers::finish(int64_t result) const {
    if (result < 0) return;
    for (const Messages& m : messages_) {
        size_t done = m.many ? std::min<size_t>(m.copies.size(), static_cast<uint64_t>(result)) : 1;
        for (size_t n = 0; n < done; n++) {
            uint64_t at = m.guest + n * (m.many ? sizeof(mmsghdr) : sizeof(msghdr));
            const msghdr& h = m.copies[n].msg_hdr;
            if (m.many) write_guest(at + offsetof(mmsghdr, msg_len), m.copies[n].msg_len);
            if (!m.filled) continue;
            write_guest(at + offsetof(msghdr, msg_namelen), h.msg_namelen);
            write_guest(at + offsetof(msghdr, msg_controllen), h.msg_controllen);
            write_guest(at + offsetof(msghdr, msg_flags), h.msg_flags);
        }
    }
}

}  // namespace pydbt::usermode
