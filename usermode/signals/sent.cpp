#include "usermode/signals/sent.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "usermode/process.hpp"

namespace pydbt::usermode {
namespace {

void change_host_mask(int how, uint64_t bits) {
    syscall(SYS_rt_sigprocmask, how, &bits, nullptr, sizeof bits);
}

int lowest(uint64_t bits) { return __builtin_ctzll(bits) + 1; }

template <class Function>
void each(uint64_t bits, Function function) {
    for (; bits != 0; bits &= bits - 1) function(lowest(bits));
}

// With the group's lock. One bit of `lent` goes with one copy: the handler that gets the copy takes
// the bit.
bool mark_lent(SentState& s, uint64_t bit) { return (s.lent.fetch_or(bit) & bit) == 0; }

// The kernel lets nobody pretend that it or kill() sent something to another thread. The receiver
// takes the true one from the group.
void lend_to(GuestThread& other, siginfo_t info) {
    if (!mark_lent(other.signals.sent, signal_bit(info.si_signo))) return;
    if (info.si_code >= 0 || info.si_code == SI_TKILL) info.si_code = SI_QUEUE;
    syscall(SYS_rt_tgsigqueueinfo, getpid(), other.tid, info.si_signo, &info);
}

// One that waits in the group and that `self` blocks; with the group's lock. `is_new`: threads that
// look for it in a call have not been told.
void offer(GuestThread& self, const siginfo_t& info, bool is_new) {
    uint64_t bit = signal_bit(info.si_signo);
    auto first = [&](auto wants) {
        auto& members = self.group->members;
        auto at = std::find_if(members.begin(), members.end(), [&](GuestThread* m) {
            return m != &self && wants(m->signals.sent);
        });
        if (at != members.end()) lend_to(**at, info);
        return at != members.end();
    };
    if (first([&](SentState& s) { return (s.in_call & s.awaited & bit) != 0; })) return;
    if (first([&](SentState& s) { return (s.blocked & bit) == 0; }) || !is_new) return;
    for (GuestThread* member : self.group->members) {  // each may wait for a signalfd
        if (member != &self && (member->signals.sent.in_call & bit) != 0) lend_to(*member, info);
    }
}

// `fresh`: what threads in a call have not been told of, besides what came.
void share(GuestThread& self, uint64_t fresh) {
    SentSignals& came = self.signals.sent.came;
    SentSignals& all = self.group->sent;
    if ((came.waiting() | all.waiting()) == 0) return;
    std::scoped_lock lock(self.group->members_mutex);
    siginfo_t info;
    each(came.waiting(), [&](int number) {
        fresh |= signal_bit(number);
        if (came.take(number, info)) all.add(info);
    });
    each(all.waiting() & self.signals.blocked, [&](int number) {
        if (all.look(number, info)) offer(self, info, (fresh & signal_bit(number)) != 0);
    });
}

}  // namespace

bool is_fault_signal(int number) {
    return std::find(std::begin(kFaultSignals), std::end(kFaultSignals), number) !=
           std::end(kFaultSignals);
}

size_t SentSignals::place(int number) {
    return static_cast<size_t>(
        std::find(std::begin(kFaultSignals), std::end(kFaultSignals), number) -
        std::begin(kFaultSignals));
}

void SentSignals::add(const siginfo_t& info) {
    uint64_t bit = signal_bit(info.si_signo);
    if ((waiting_ & bit) != 0) return;
    infos_[place(info.si_signo)] = info;
    waiting_ |= bit;
}

bool SentSignals::look(int number, siginfo_t& info) const {
    if ((waiting_ & signal_bit(number)) == 0) return false;
    info = infos_[place(number)];
    return true;
}

bool SentSignals::take(int number, siginfo_t& info) {
    if (!look(number, info)) return false;
    return (waiting_.fetch_and(~signal_bit(number)) & signal_bit(number)) != 0;
}

void keep_sent(GuestThread& thread, const siginfo_t& info) {
    SentState& s = thread.signals.sent;
    uint64_t bit = signal_bit(info.si_signo);
    if (info.si_code == SI_TKILL) {
        s.own.add(info);
    } else if ((s.lent.fetch_and(~bit) & bit) == 0) {  // else it waits in the group all the time
        s.came.add(info);
    }
}

void share_sent(GuestThread& thread) { share(thread, 0); }

bool sent_is_ready(const GuestThread& thread) {
    const SentState& s = thread.signals.sent;
    uint64_t waiting = s.own.waiting() | s.came.waiting() | thread.group->sent.waiting();
    return (waiting & ~thread.signals.blocked) != 0;
}

bool take_sent(GuestThread& thread, siginfo_t& info) {
    uint64_t mine = thread.signals.sent.own.waiting() & ~thread.signals.blocked;
    if (mine != 0 && thread.signals.sent.own.take(lowest(mine), info)) return true;
    SentSignals& all = thread.group->sent;
    if ((all.waiting() & ~thread.signals.blocked) == 0) return false;
    std::scoped_lock lock(thread.group->members_mutex);
    uint64_t ready = all.waiting() & ~thread.signals.blocked;
    return ready != 0 && all.take(lowest(ready), info);
}

FaultSignalsHeld::FaultSignalsHeld(GuestThread& thread)
    : thread_(thread), bits_(thread.signals.blocked & kFaultBits) {
    SentState& s = thread.signals.sent;
    if (s.consumed.waiting() != 0) s.consumed.discard(kFaultBits);
    if (bits_ == 0) return;
    change_host_mask(SIG_BLOCK, bits_);
    siginfo_t info;
    uint64_t mine = s.own.waiting() & bits_, others = bits_ & ~mine;
    s.in_call = others;  // from here on others lend us what comes
    each(mine, [&](int number) {
        if (s.own.take(number, info)) send_again(info, false);
    });
    share_sent(thread);
    if ((thread.group->sent.waiting() & others) == 0) return;
    std::scoped_lock lock(thread.group->members_mutex);
    each(thread.group->sent.waiting() & others, [&](int number) {
        if (!thread.group->sent.look(number, info) || !mark_lent(s, signal_bit(number))) return;
        // Sent to the thread it could be one with another that is sent to the thread. Several
        // threads would take it from each other.
        send_again(info, thread.group->members.size() == 1);
    });
}

FaultSignalsHeld::~FaultSignalsHeld() {
    SentState& s = thread_.signals.sent;
    if (bits_ == 0) return;
    s.in_call = 0;
    change_host_mask(SIG_UNBLOCK, bits_);  // what is left comes back before it returns
    if (s.lent == 0) return;
    std::scoped_lock lock(thread_.group->members_mutex);
    change_host_mask(SIG_UNBLOCK, bits_);  // so does what another thread was about to lend
    each(s.lent.exchange(0), [&](int number) {
        siginfo_t info;
        if (thread_.group->sent.take(number, info)) s.consumed.add(info);
    });
}

void leave_sent(GuestThread& thread) {
    thread.signals.blocked = thread.signals.sent.blocked = ~uint64_t{0};
    share(thread, kFaultBits);
}

void discard_sent(GuestThread& thread, int number) {
    std::scoped_lock lock(thread.group->members_mutex);
    thread.group->sent.discard(signal_bit(number));
    for (GuestThread* member : thread.group->members) {
        member->signals.sent.own.discard(signal_bit(number));
        member->signals.sent.came.discard(signal_bit(number));
    }
}

void forget_sent(GuestThread& thread) {
    SentState& s = thread.signals.sent;
    for (SentSignals* from : {&s.own, &s.came, &thread.group->sent}) from->discard(kFaultBits);
    s.lent = 0;
}

void send_again(const siginfo_t& info, bool to_process) {
    // A thread's id will do for the process; the kernel believes what a thread says of itself.
    auto self = syscall(SYS_gettid);
    if (to_process) {
        syscall(SYS_rt_sigqueueinfo, self, info.si_signo, &info);
    } else {
        syscall(SYS_rt_tgsigqueueinfo, getpid(), self, info.si_signo, &info);
    }
}

void block_all_signals() { change_host_mask(SIG_SETMASK, ~uint64_t{0}); }

}  // namespace pydbt::usermode
