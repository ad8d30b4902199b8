#include "usermode/debug/forks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "usermode/debug/link.hpp"
#include "usermode/debug/session.hpp"
#include "usermode/process.hpp"

namespace pydbt::usermode {

DebuggedFork::DebuggedFork(GuestThread& thread, bool follow) : thread_(thread) {
    if (!thread.process.debugger) return;
    Debugger& debugger = *thread.process.debugger;
    lock_ = debugger.lock();
    followed_ =
        follow && thread.debugged != nullptr && debugger.wishes.fork_events && make_link(ends_);
}

void DebuggedFork::finish(int64_t result) {
    if (!lock_.owns_lock()) return;
    Debugger& debugger = *thread_.process.debugger;
    bool child = result == 0;
    if (child) debugger.become_child(thread_, followed_);
    lock_.unlock();
    if (!followed_) {
        if (child) debugger.clear_all_points();
        return;
    }
    close(ends_[child ? 0 : 1]);
    if (child) {
        join_debugging(thread_.process, ends_[1]);
    } else if (result > 0) {
        debugger.forked(thread_, result, ends_[0]);
    } else {
        close(ends_[0]);
    }
}

DebuggedExec::DebuggedExec(GuestThread& thread, bool is_guests) : thread_(thread) {
    if (thread.debugged == nullptr || !is_guests) return;
    Debugger& debugger = *thread.process.debugger;
    if (!debugger.wishes.exec_events) return;
    const int (&link)[2] = thread.debugged.load()->link;
    if (link[0] >= 0) {
        ends_[0] = link[0];
        ends_[1] = fcntl(link[1], F_DUPFD, link[1]);
        if (ends_[1] < 0) return;
    } else if (make_link(ends_)) {
        fcntl(ends_[1], F_SETFD, 0);
    } else {
        return;
    }
    debugger.begin_exec(thread, ends_[0]);
}

DebuggedExec::~DebuggedExec() {
    if (ends_[1] < 0) return;
    close(ends_[1]);
    thread_.process.debugger->end_exec(thread_);
}

}  // namespace pydbt::usermode
