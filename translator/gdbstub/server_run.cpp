// The stub's commands that make the target go, and how it says that it has stopped.
#include <algorithm>

#include "translator/gdbstub/registers.hpp"
#include "translator/gdbstub/server.hpp"

namespace pydbt::gdbstub {
namespace {

// GDB's numbers of x29, sp and pc, which it asks for after each stop.
constexpr size_t kWanted[] = {29, 31, 32};

std::string two_digits(uint64_t value) {
    const char byte = static_cast<char>(value);
    return hex_bytes({&byte, 1});
}

std::string item(std::string_view name, uint64_t value) {
    std::string text(name);
    text += ":";
    append_hex(text, value);
    return text + ";";
}

const char* point_name(PointKind kind) {
    switch (kind) {
        case PointKind::write: return "watch";
        case PointKind::read: return "rwatch";
        default: return "awatch";
    }
}

}  // namespace

std::string Server::stop_text(const Stop& stop) {
    std::string process = session_.multiprocess ? ";process:" : "";
    if (session_.multiprocess) append_hex(process, static_cast<uint64_t>(stop.thread.pid));
    using Kind = Stop::Kind;
    if (stop.kind == Kind::foreign) return stop.text;
    if (stop.kind == Kind::exited) return "W" + two_digits(stop.number) + process;
    if (stop.kind == Kind::killed) {
        return "X" + two_digits(static_cast<uint64_t>(stop.signal)) + process;
    }
    std::string text = "T" + two_digits(static_cast<uint64_t>(stop.signal));
    switch (stop.kind) {
        case Kind::point:
            if (stop.point == PointKind::software) {
                if (session_.software_points) text += "swbreak:;";
            } else if (stop.point == PointKind::hardware) {
                if (session_.hardware_points) text += "hwbreak:;";
            } else {
                text += item(point_name(stop.point), stop.address);
            }
            break;
        case Kind::syscall_entry: text += item("syscall_entry", stop.number); break;
        case Kind::syscall_return: text += item("syscall_return", stop.number); break;
        case Kind::fork: text += "fork:" + thread_text(stop.child) + ";"; break;
        case Kind::vfork: text += "vfork:" + thread_text(stop.child) + ";"; break;
        case Kind::vfork_done: text += "vforkdone:;"; break;
        case Kind::exec: text += "exec:" + hex_bytes(stop.text) + ";"; break;
        default: break;
    }
    text += "thread:" + thread_text(stop.thread) + ";";
    if (const base::CpuState* state = target_.registers(stop.thread, false)) {
        for (size_t number : kWanted) {
            std::string bytes;
            read_register(*state, number, bytes);
            append_hex(text, number);
            text += ":" + hex_bytes(bytes) + ";";
        }
    }
    return text;
}

std::string Server::why_stopped(Cursor) { return stop_text(last_); }

bool Server::take_stop(std::string& text) {
    Stop stop;
    if (!session_.running || !target_.next_stop(stop)) return false;
    session_.running = false;
    last_ = stop;
    if (!stop.is_end()) session_.general = stop.thread;
    text = stop_text(stop);
    return true;
}

void Server::look() {
    if (std::string text; take_stop(text)) reply(text);
}

std::string Server::interrupt(Cursor) {
    if (session_.running) target_.interrupt();
    return kOk;
}

// --- going on -----------------------------------------------------------------------------------

std::string Server::start(const std::vector<Action>& actions) {
    std::vector<ThreadId> threads = target_.threads();
    bool any = std::any_of(threads.begin(), threads.end(), [&](const ThreadId& thread) {
        return resume_of(actions, thread).kind != Resume::Kind::stay;
    });
    if (!any) return error_text("no such thread");
    session_.running = true;
    target_.resume(actions);
    return {};
}

std::string Server::resume_kinds(Cursor) { return "vCont;c;C;s;S;r"; }

// ACTION[:THREAD];...
std::string Server::resume_actions(Cursor cursor) {
    std::vector<Action> actions;
    while (!cursor.at_end()) {
        Cursor part(cursor.until(';'));
        Action action;
        uint64_t signal = 0;
        Resume& r = action.resume;
        bool stepping = part.skip("s"), good = true;
        if (stepping || part.skip("c")) {
        } else if (part.skip("r")) {
            stepping = true;
            good = part.number(r.begin) && part.skip(",") && part.number(r.end);
        } else {
            stepping = part.skip("S");
            good = (stepping || part.skip("C")) && part.number(signal) && signal <= UINT8_MAX;
        }
        r.kind = stepping ? Resume::Kind::step : Resume::Kind::go;
        r.signal = static_cast<int>(signal);
        if (good && part.skip(":")) good = thread_id(part, action.thread);
        if (!good || !part.at_end()) return error_text("not an action of vCont");
        actions.push_back(action);
    }
    return start(actions);
}

// [ADDRESS], where the thread of Hc goes on; a step is that thread's alone.
std::string Server::resume_all(Resume::Kind kind, int signal, Cursor cursor) {
    ThreadId one = continued_.tid > 0 ? continued_ : general();
    uint64_t address;
    if (!cursor.at_end()) {
        base::CpuState* state = nullptr;
        if (!cursor.number(address) || (state = target_.registers(one, true)) == nullptr) {
            return error_text("the thread cannot go on there");
        }
        state->pc = address;
    }
    std::vector<Action> actions = {{one, {kind, signal}}};
    if (kind == Resume::Kind::go) actions.push_back({{}, {kind, 0}});
    return start(actions);
}

std::string Server::go(Cursor cursor) { return resume_all(Resume::Kind::go, 0, cursor); }
std::string Server::step(Cursor cursor) { return resume_all(Resume::Kind::step, 0, cursor); }

std::string Server::go_signal(Cursor cursor) {
    uint64_t signal;
    if (!cursor.number(signal) || signal > UINT8_MAX) return error_text("no signal");
    cursor.skip(";");
    return resume_all(Resume::Kind::go, static_cast<int>(signal), cursor);
}

std::string Server::step_signal(Cursor cursor) {
    uint64_t signal;
    if (!cursor.number(signal) || signal > UINT8_MAX) return error_text("no signal");
    cursor.skip(";");
    return resume_all(Resume::Kind::step, static_cast<int>(signal), cursor);
}

// --- ends ---------------------------------------------------------------------------------------

std::string Server::detach(Cursor cursor) {
    uint64_t pid = 0;
    if (cursor.skip(";") && (!cursor.number(pid) || pid > INT32_MAX))
        return error_text("no process");
    std::vector<ThreadId> threads = target_.threads();
    bool there = std::any_of(threads.begin(), threads.end(), [&](const ThreadId& thread) {
        return pid == 0 || thread.pid == static_cast<int64_t>(pid);
    });
    if (!there) return error_text("no such process");
    detaching_ = static_cast<int64_t>(pid);
    return kOk;
}

// A process that is let go may end at once, and its stub with it: the answer goes first.
void Server::finish() {
    if (!detaching_) return;
    target_.detach(*detaching_);
    detaching_.reset();
    done_ = target_.threads().empty();
}

std::string Server::kill_one(Cursor cursor) {
    uint64_t pid;
    if (!cursor.number(pid) || pid > INT32_MAX || !target_.kill(static_cast<int64_t>(pid))) {
        return error_text("no such process");
    }
    return kOk;
}

std::string Server::kill_all(Cursor) {
    target_.kill(0);
    done_ = true;
    return {};
}

}  // namespace pydbt::gdbstub
