#include "usermode/syscalls/uring.hpp"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "usermode/memory/guest_memory.hpp"
#include "usermode/process.hpp"
#include "usermode/syscalls/table.gen.hpp"
#include "usermode/syscalls/waits.hpp"

// The kernel reads requests from memory that it shares with the guest, when io_uring_enter submits
// them. So each submission is looked through first, in a view of our own of the same memory; what
// differs is put right there, and as it was after the call. A kernel thread that reads requests
// without a call (IORING_SETUP_SQPOLL) cannot be had.
namespace pydbt::usermode {
namespace {

// include/uapi/linux/io_uring.h of Linux 6.18.
constexpr int kSetup = 425, kEnter = 426, kRegister = 427;
constexpr uint32_t kSetupSqpoll = 1 << 1, kSetupSqe128 = 1 << 10, kSetupNoMmap = 1 << 14,
                   kSetupRegisteredOnly = 1 << 15, kSetupNoSqarray = 1 << 16,
                   kSetupKnown = (1 << 19) - 1;
constexpr uint64_t kOffsetSqes = 0x1000'0000;
constexpr uint64_t kEnterGetevents = 1, kEnterExtended = 8, kEnterRegistered = 16,
                   kEnterExtendedRegistered = 64;
enum Opcode : uint8_t {
    kOpenat = 18,
    kMadvise = 25,
    kOpenat2 = 28,
    kEpollCtl = 29,
    kEpollWait = 59,
    kPipe = 62,
    kRefused = 0xff,  // no operation: the request completes with EINVAL
};

struct Params {
    uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, pad[3];
    struct {
        uint32_t head, tail, mask, entries, flags, dropped, array, pad;
        uint64_t user;
    } sq;
    uint64_t cq[5];
};
static_assert(sizeof(Params) == 120);

struct Request {
    uint8_t opcode, flags;
    uint16_t priority;
    int32_t fd;
    uint64_t offset, address;
    uint32_t length, op_flags;
    uint64_t rest[4];
};
static_assert(sizeof(Request) == 64);

class Ring {
   public:
    static std::shared_ptr<Ring> open(int fd, const Params& params) {
        auto ring = std::make_shared<Ring>();
        ring->params_ = params;
        ring->stride_ = (params.flags & kSetupSqe128) != 0 ? 2 * sizeof(Request) : sizeof(Request);
        bool indexed = (params.flags & kSetupNoSqarray) == 0;
        ring->ring_bytes_ = indexed ? params.sq.array + params.sq_entries * sizeof(uint32_t)
                                    : std::max(params.sq.tail, params.sq.head) + sizeof(uint32_t);
        ring->ring_ = view(fd, ring->ring_bytes_, 0);
        ring->requests_ = view(fd, ring->stride_ * params.sq_entries, kOffsetSqes);
        return ring->ring_ != nullptr && ring->requests_ != nullptr ? ring : nullptr;
    }
    Ring() = default;
    ~Ring() {
        if (ring_ != nullptr) munmap(ring_, ring_bytes_);
        if (requests_ != nullptr) munmap(requests_, stride_ * params_.sq_entries);
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// The first requests that wait to be submitted, `most` at most.
    std::vector<Request*> waiting(uint32_t most) const {
        uint32_t head = word(params_.sq.head), mask = params_.sq_entries - 1;
        uint32_t count = std::min({word(params_.sq.tail) - head, most, params_.sq_entries});
        std::vector<Request*> found;
        for (uint32_t n = head; n != head + count; n++) {
            bool indexed = (params_.flags & kSetupNoSqarray) == 0;
            uint32_t index = indexed ? word(params_.sq.array + 4 * (n & mask)) : n & mask;
            if (index > mask) continue;  // the kernel drops it
            found.push_back(reinterpret_cast<Request*>(requests_ + index * stride_));
        }
        return found;
    }

    std::mutex submitting;

   private:
    static uint8_t* view(int fd, size_t bytes, uint64_t offset) {
        void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                            static_cast<off_t>(offset));
        return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
    }
    uint32_t word(uint32_t offset) const {
        return __atomic_load_n(reinterpret_cast<uint32_t*>(ring_ + offset), __ATOMIC_ACQUIRE);
    }

    Params params_{};
    size_t stride_ = 0, ring_bytes_ = 0;
    uint8_t* ring_ = nullptr;
    uint8_t* requests_ = nullptr;
};

std::mutex g_mutex;
std::map<int, std::shared_ptr<Ring>> g_rings;

std::shared_ptr<Ring> ring_of(int fd) {
    std::scoped_lock lock(g_mutex);
    auto it = g_rings.find(fd);
    return it == g_rings.end() ? nullptr : it->second;
}

bool is_refused(uint8_t opcode) { return opcode == kMadvise || opcode == kEpollWait; }

// What is put right for the time of a submission.
class Converted {
   public:
    explicit Converted(const std::vector<Request*>& requests) {
        for (Request* request : requests) {
            Request before = *request;
            if (convert(*request)) changed_.emplace_back(request, before);
        }
    }
    ~Converted() {
        for (const auto& [request, before] : changed_) *request = before;
    }
    Converted(const Converted&) = delete;
    Converted& operator=(const Converted&) = delete;

   private:
    struct OpenHow {
        uint64_t flags, mode, resolve;
    };

    bool convert(Request& r) {
        if (is_refused(r.opcode)) {
            r.opcode = kRefused;
            return true;
        }
        switch (r.opcode) {
            case kOpenat:
            case kPipe: r.op_flags = static_cast<uint32_t>(open_flags_to_host(r.op_flags)); break;
            case kOpenat2: convert_open_how(r); break;
            case kEpollCtl: convert_event(r); break;
            default: return false;
        }
        return true;
    }
    // A structure that cannot be read, or is of another size, is for the kernel to complain of.
    void convert_open_how(Request& r) {
        OpenHow how;
        if (r.length != sizeof how || !read_guest(r.offset, how)) return;
        bool known = (how.flags & ~kKnown_open_flags) == 0;
        if (!known) {
            r.opcode = kRefused;
            return;
        }
        how.flags = open_flags_to_host(how.flags);
        r.offset = reinterpret_cast<uint64_t>(&hows_.emplace_back(how));
    }
    void convert_event(Request& r) {
        Guest_epoll_event event;
        if (r.address == 0 || !read_guest(r.address, event)) return;
        epoll_event& host = events_.emplace_back();
        to_host(event, host);
        host.data.u64 = event.data_u64;
        r.address = reinterpret_cast<uint64_t>(&host);
    }

    std::vector<std::pair<Request*, Request>> changed_;
    std::deque<OpenHow> hows_;  // elements stay where they are
    std::deque<epoll_event> events_;
};

int64_t submit(GuestThread& t, Ring& ring, const SyscallArgs& a) {
    std::scoped_lock lock(ring.submitting);
    Converted converted(ring.waiting(static_cast<uint32_t>(a[1])));
    return host_syscall(t, kEnter, {a[0], a[1], 0, a[3] & ~(kEnterGetevents | kEnterExtended)});
}

// The mask is the fifth argument, or in the structure that it points to.
int64_t wait_for_events(GuestThread& t, const SyscallArgs& a) {
    struct {
        uint64_t mask;
        uint32_t mask_bytes, min_wait;
        uint64_t time;
    } extended{};
    bool is_extended = (a[3] & kEnterExtended) != 0;
    if (is_extended && (a[5] != sizeof extended)) return -EINVAL;
    if (is_extended && !read_guest(a[4], extended)) return -EFAULT;
    uint64_t mask_at = is_extended ? extended.mask : a[4], wanted;
    uint64_t bytes = is_extended ? extended.mask_bytes : a[5];
    SyscallArgs host = {a[0], 0, a[2], a[3], a[4], a[5]};
    if (mask_at == 0) return host_syscall(t, kEnter, host);
    if (bytes != kSigsetBytes) return -EINVAL;
    if (!read_guest(mask_at, wanted)) return -EFAULT;
    TemporaryMask mask(t, wanted);
    extended.mask = mask.host();
    host[4] = is_extended ? reinterpret_cast<uint64_t>(&extended) : mask.host();
    int64_t result = host_syscall(t, kEnter, host);
    mask.finish(result);
    return result;
}

}  // namespace

void forget_ring(int fd) {
    std::scoped_lock lock(g_mutex);
    g_rings.erase(fd);
}

std::unique_lock<std::mutex> hold_rings() { return std::unique_lock(g_mutex); }

int64_t sys_io_uring_setup(GuestThread& t, const SyscallArgs& a) {
    Params params;
    if (!read_guest(a[1], params)) return -EFAULT;
    constexpr uint32_t kImpossible = kSetupSqpoll | kSetupNoMmap | kSetupRegisteredOnly;
    if ((params.flags & (kImpossible | ~kSetupKnown)) != 0) return -EINVAL;
    int64_t fd = host_syscall(t, kSetup, {a[0], reinterpret_cast<uint64_t>(&params)});
    if (fd < 0) return fd;
    std::shared_ptr<Ring> ring = Ring::open(static_cast<int>(fd), params);
    int64_t failure = !ring ? -ENOMEM : write_guest(a[1], params) ? 0 : -EFAULT;
    if (failure != 0) {
        host_syscall(t, SYS_close, {static_cast<uint64_t>(fd)});
        return failure;
    }
    std::scoped_lock lock(g_mutex);
    g_rings[static_cast<int>(fd)] = std::move(ring);
    return fd;
}

int64_t sys_io_uring_enter(GuestThread& t, const SyscallArgs& a) {
    if ((a[3] & (kEnterRegistered | kEnterExtendedRegistered)) != 0) return -EINVAL;
    std::shared_ptr<Ring> ring = ring_of(static_cast<int>(a[0]));
    // No ring, or one that came from elsewhere: what it holds cannot be looked through.
    if (!ring) return host_syscall(t, kEnter, {a[0], 0, 0, 0}) == -EBADF ? -EBADF : -EOPNOTSUPP;
    bool waits = (a[3] & kEnterGetevents) != 0;
    auto count = static_cast<uint32_t>(a[1]);
    int64_t submitted = count != 0 ? submit(t, *ring, a) : 0;
    if (!waits) return count == 0 ? host_syscall(t, kEnter, a) : submitted;
    if (submitted < 0 || submitted != count) return submitted;
    int64_t result = wait_for_events(t, a);
    return submitted != 0 ? submitted : result;
}

int64_t sys_io_uring_register(GuestThread& t, const SyscallArgs& a) {
    constexpr uint32_t kProbe = 8, kRingFds = 20, kUnregisterRingFds = 21, kResize = 33;
    constexpr uint32_t kUseRegistered = 0x8000'0000;
    auto operation = static_cast<uint32_t>(a[1]);
    bool moves = operation == kRingFds || operation == kUnregisterRingFds || operation == kResize;
    if (moves || (operation & kUseRegistered) != 0) return -EINVAL;
    int64_t result = host_syscall(t, kRegister, a);
    if (operation != kProbe || result < 0) return result;
    // struct io_uring_probe: 16 bytes, then 8 for each operation, of which 2 and 3 are flags.
    for (uint64_t n = 0; n < static_cast<uint32_t>(a[3]); n++) {
        uint64_t at = a[2] + 16 + 8 * n;
        constexpr uint16_t kNone = 0;
        if (is_refused(static_cast<uint8_t>(n)) && !write_guest(at + 2, kNone)) return -EFAULT;
    }
    return result;
}

}  // namespace pydbt::usermode
