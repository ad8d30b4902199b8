// What a thread's end does to the guest's memory.
//
// Owns: robust mutexes, the id that is cleared. Must not know: which call ends the thread.
#pragma once

namespace pydbt::usermode {

class GuestThread;

/// What mm_release() of kernel/fork.c does when a thread ends: robust mutexes that it holds are
/// marked, its id is cleared and whoever waits for that is woken.
void end_thread(GuestThread& thread);

}  // namespace pydbt::usermode
