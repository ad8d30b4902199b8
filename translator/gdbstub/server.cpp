#include "translator/gdbstub/server.hpp"

#include <algorithm>

#include "translator/gdbstub/registers.hpp"

namespace pydbt::gdbstub {
namespace {

const std::string kFailed = "E01";
// Half of it fits a packet as digits.
constexpr uint64_t kMostMemory = kMostPacket / 2 - 16;

}  // namespace

std::string error_text(std::string_view why) { return "E." + std::string(why); }

bool matches(const ThreadId& pattern, const ThreadId& thread) {
    auto fits = [](int64_t wanted, int64_t n) { return wanted <= 0 || wanted == n; };
    return fits(pattern.pid, thread.pid) && fits(pattern.tid, thread.tid);
}

Resume resume_of(const std::vector<Action>& actions, const ThreadId& thread) {
    for (const Action& action : actions) {
        if (matches(action.thread, thread)) return action.resume;
    }
    return {};
}

// A longer name stands before its prefixes.
const Server::Command Server::kCommands[] = {
    {"?", &Server::why_stopped, Scope::stub},
    {"g", &Server::read_registers, Scope::process},
    {"G", &Server::write_registers, Scope::process},
    {"p", &Server::read_one, Scope::process},
    {"P", &Server::write_one, Scope::process},
    {"m", &Server::read_memory, Scope::process},
    {"M", &Server::write_memory, Scope::process},
    {"x", &Server::read_binary, Scope::process},
    {"X", &Server::write_binary, Scope::process},
    {"Z", &Server::set_point, Scope::process},
    {"z", &Server::clear_point, Scope::process},
    {"H", &Server::choose_thread, Scope::stub},
    {"T", &Server::thread_is_alive, Scope::stub},
    {"vCont?", &Server::resume_kinds, Scope::stub},
    {"vCont;", &Server::resume_actions, Scope::stub},
    {"vCtrlC", &Server::interrupt, Scope::stub},
    {"vKill;", &Server::kill_one, Scope::stub},
    {"vFile:", &Server::file, Scope::process},
    {"c", &Server::go, Scope::stub},
    {"C", &Server::go_signal, Scope::stub},
    {"s", &Server::step, Scope::stub},
    {"S", &Server::step_signal, Scope::stub},
    {"D", &Server::detach, Scope::stub},
    {"k", &Server::kill_all, Scope::stub},
    {"qSupported", &Server::supported, Scope::stub},
    {"QStartNoAckMode", &Server::no_acknowledgements, Scope::stub},
    {"qAttached", &Server::attached, Scope::stub},
    {"qC", &Server::current, Scope::stub},
    {"qfThreadInfo", &Server::first_threads, Scope::stub},
    {"qsThreadInfo", &Server::more_threads, Scope::stub},
    {"qThreadExtraInfo,", &Server::thread_info, Scope::stub},
    {"qSearch:memory:", &Server::search_memory, Scope::process},
    {"qSymbol:", &Server::symbols, Scope::stub},
    {"QPassSignals:", &Server::pass_signals, Scope::process},
    {"QCatchSyscalls:", &Server::catch_syscalls, Scope::process},
    {"QNonStop:", &Server::stop_mode, Scope::stub},
    {"qXfer:threads:", &Server::threads_object, Scope::stub},
    {"qXfer:", &Server::any_object, Scope::process},
};

void Server::reply(std::string_view payload) {
    sent_ = frame(payload);
    send_(sent_);
}

void Server::receive(std::string_view bytes) {
    reader_.feed(bytes);
    std::string payload;
    for (;;) {
        switch (reader_.next(payload)) {
            case PacketReader::Item::nothing: return;
            case PacketReader::Item::acknowledged: break;
            case PacketReader::Item::refused:
                if (session_.acknowledge && !sent_.empty()) send_(sent_);
                break;
            case PacketReader::Item::damaged:
                if (session_.acknowledge) send_("-");
                break;
            case PacketReader::Item::interrupt:
                if (session_.running) target_.interrupt();
                break;
            case PacketReader::Item::packet: {
                if (session_.acknowledge) send_("+");
                bool was_running = session_.running;
                std::string text = answer(payload);
                // A client that waits for a stop gets that and nothing else.
                if (!session_.running || was_running) reply(text);
                finish();
                if (done_) return;
                look();
                break;
            }
        }
    }
}

void Server::take_over(const Session& session) {
    Wishes wishes = session.wishes;
    session_ = session;
    target_.wish(wishes);
}

std::string Server::answer(const std::string& packet) {
    for (const Command& command : kCommands) {
        if (!packet.starts_with(command.prefix)) continue;
        if (session_.running && command.handler != &Server::interrupt) {
            return error_text("the target runs");
        }
        std::string text;
        bool elsewhere = command.scope == Scope::process;
        if (elsewhere && target_.forward(general().pid, packet, text)) return text;
        Cursor cursor(packet);
        cursor.skip(command.prefix);
        return (this->*command.handler)(cursor);
    }
    return {};
}

// --- threads ------------------------------------------------------------------------------------

// pPID.TID, pPID (all of it) or TID; -1 says all and 0 any.
bool Server::thread_id(Cursor& cursor, ThreadId& id) const {
    auto number = [&](int64_t& out) {
        uint64_t value = 1;
        bool negative = cursor.skip("-");
        if (!cursor.number(value) || value > INT32_MAX || (negative && value != 1)) return false;
        out = negative ? kAll : static_cast<int64_t>(value);
        return true;
    };
    id = {};
    if (!cursor.skip("p")) return number(id.tid);
    if (!number(id.pid)) return false;
    id.tid = kAll;
    return !cursor.skip(".") || number(id.tid);
}

std::string Server::thread_text(const ThreadId& id) const {
    std::string text;
    if (session_.multiprocess) {
        text = "p";
        append_hex(text, static_cast<uint64_t>(id.pid));
        text += ".";
    }
    append_hex(text, static_cast<uint64_t>(id.tid));
    return text;
}

ThreadId Server::general() {
    std::vector<ThreadId> threads = target_.threads();
    for (const ThreadId& thread : threads) {
        if (session_.general.tid > 0 && matches(session_.general, thread)) return thread;
    }
    for (const ThreadId& thread : threads) {
        if (matches(session_.general, thread)) return thread;
    }
    return session_.general;
}

std::string Server::choose_thread(Cursor cursor) {
    bool general = cursor.skip("g");
    ThreadId id;
    if (!general && !cursor.skip("c")) return {};
    if (!thread_id(cursor, id)) return kFailed;
    if (!general) {
        continued_ = id;
        return kOk;
    }
    for (const ThreadId& thread : target_.threads()) {
        if (!matches(id, thread)) continue;
        session_.general = thread;
        std::string text = "Hg" + thread_text(thread);
        target_.forward(thread.pid, text, text);
        return kOk;
    }
    return kFailed;
}

std::string Server::thread_is_alive(Cursor cursor) {
    ThreadId id;
    if (!thread_id(cursor, id)) return kFailed;
    std::vector<ThreadId> threads = target_.threads();
    bool alive = std::any_of(threads.begin(), threads.end(),
                             [&](const ThreadId& thread) { return matches(id, thread); });
    return alive ? kOk : kFailed;
}

// --- registers ----------------------------------------------------------------------------------

std::string Server::read_registers(Cursor) {
    const base::CpuState* state = target_.registers(general(), false);
    if (state == nullptr) return kFailed;
    std::string bytes;
    size_t count = register_count(target_.features());
    for (size_t n = 0; n < count; n++) read_register(*state, n, bytes);
    return hex_bytes(bytes);
}

std::string Server::write_registers(Cursor cursor) {
    std::string bytes;
    base::CpuState* state = nullptr;
    if (!cursor.bytes(bytes) || (state = target_.registers(general(), true)) == nullptr) {
        return kFailed;
    }
    size_t at = 0, count = register_count(target_.features());
    for (size_t n = 0; n < count; n++) {
        size_t size = kRegisters[n].bytes;
        if (bytes.size() - at < size) break;
        write_register(*state, n, {reinterpret_cast<const uint8_t*>(bytes.data()) + at, size});
        at += size;
    }
    return kOk;
}

std::string Server::read_one(Cursor cursor) {
    uint64_t number;
    if (!cursor.number(number) || number >= register_count(target_.features())) return kFailed;
    const base::CpuState* state = target_.registers(general(), false);
    if (state == nullptr) return kFailed;
    std::string bytes;
    read_register(*state, number, bytes);
    return hex_bytes(bytes);
}

std::string Server::write_one(Cursor cursor) {
    uint64_t number;
    std::string bytes;
    if (!cursor.number(number) || number >= register_count(target_.features()) ||
        !cursor.skip("=") || !cursor.bytes(bytes) || bytes.size() != kRegisters[number].bytes) {
        return kFailed;
    }
    base::CpuState* state = target_.registers(general(), true);
    if (state == nullptr) return kFailed;
    write_register(*state, number, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    return kOk;
}

// --- memory -------------------------------------------------------------------------------------

namespace {

bool range(Cursor& cursor, uint64_t& address, uint64_t& bytes) {
    return cursor.number(address) && cursor.skip(",") && cursor.number(bytes) &&
           bytes <= ~uint64_t{0} - address;
}

}  // namespace

std::string Server::read_memory(Cursor cursor) {
    uint64_t address, bytes;
    if (!range(cursor, address, bytes)) return kFailed;
    std::string data(std::min(bytes, kMostMemory), '\0');
    size_t n = target_.read_memory(general(), address, data);
    if (n == 0 && bytes != 0) return kFailed;
    return hex_bytes(std::string_view(data).substr(0, n));
}

std::string Server::read_binary(Cursor cursor) {
    uint64_t address, bytes;
    if (!range(cursor, address, bytes)) return kFailed;
    std::string data(std::min(bytes, kMostMemory), '\0');
    size_t n = target_.read_memory(general(), address, data);
    if (n == 0 && bytes != 0) return kFailed;
    return "b" + data.substr(0, n);
}

std::string Server::write_memory(Cursor cursor) {
    uint64_t address, bytes;
    std::string data;
    if (!range(cursor, address, bytes) || !cursor.skip(":") || !cursor.bytes(data) ||
        data.size() != bytes) {
        return kFailed;
    }
    return target_.write_memory(general(), address, data) ? kOk : kFailed;
}

std::string Server::write_binary(Cursor cursor) {
    uint64_t address, bytes;
    if (!range(cursor, address, bytes) || !cursor.skip(":") || cursor.rest().size() != bytes) {
        return kFailed;
    }
    return target_.write_memory(general(), address, cursor.rest()) ? kOk : kFailed;
}

// ADDRESS;LENGTH;PATTERN
std::string Server::search_memory(Cursor cursor) {
    uint64_t address, bytes;
    if (!cursor.number(address) || !cursor.skip(";") || !cursor.number(bytes) ||
        !cursor.skip(";") || cursor.at_end() || bytes > ~uint64_t{0} - address) {
        return kFailed;
    }
    std::string_view pattern = cursor.rest();
    // Parts overlap by what a match could begin with at the end of one.
    std::string window;
    uint64_t read = 0;
    while (read < bytes) {
        std::string part(std::min(bytes - read, kMostMemory), '\0');
        size_t n = target_.read_memory(general(), address + read, part);
        if (n == 0) return read == 0 ? kFailed : "0";
        window.append(part, 0, n);
        read += n;
        if (size_t at = window.find(pattern); at != std::string::npos) {
            std::string text = "1,";
            append_hex(text, address + read - window.size() + at);
            return text;
        }
        if (window.size() >= pattern.size()) window.erase(0, window.size() - pattern.size() + 1);
    }
    return "0";
}

// --- breakpoints --------------------------------------------------------------------------------

namespace {

// KIND,ADDRESS,BYTES
bool point(Cursor& cursor, PointKind& kind, uint64_t& address, uint64_t& bytes, bool& known) {
    uint64_t number;
    if (!cursor.number(number) || !cursor.skip(",") || !range(cursor, address, bytes)) return false;
    known = number <= static_cast<uint64_t>(PointKind::access);
    kind = static_cast<PointKind>(number);
    return true;
}

}  // namespace

std::string Server::set_point(Cursor cursor) {
    PointKind kind;
    uint64_t address, bytes;
    bool known = false;
    if (!point(cursor, kind, address, bytes, known)) return kFailed;
    if (!known) return {};
    return target_.set_point(kind, address, bytes) ? kOk : kFailed;
}

std::string Server::clear_point(Cursor cursor) {
    PointKind kind;
    uint64_t address, bytes;
    bool known = false;
    if (!point(cursor, kind, address, bytes, known)) return kFailed;
    if (!known) return {};
    return target_.clear_point(kind, address, bytes) ? kOk : kFailed;
}

}  // namespace pydbt::gdbstub
