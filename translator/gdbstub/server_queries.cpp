// The stub's commands that ask and set: features, threads, objects, files, what is reported.
#include <algorithm>

#include "translator/gdbstub/registers.hpp"
#include "translator/gdbstub/server.hpp"

namespace pydbt::gdbstub {
namespace {

// As XML wants text.
std::string escaped(std::string_view text) {
    std::string result;
    for (char c : text) {
        switch (c) {
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '&': result += "&amp;"; break;
            case '"': result += "&quot;"; break;
            default: result.push_back(c);
        }
    }
    return result;
}

// Objects of the Target, which have no annex.
constexpr std::string_view kObjects[] = {"auxv", "exec-file", "memory-map"};
constexpr int64_t kInvalid = -22;  // EINVAL of the File-I/O protocol

}  // namespace

std::string Server::supported(Cursor cursor) {
    cursor.skip(":");
    Wishes wishes;
    while (!cursor.at_end()) {
        std::string_view feature = cursor.until(';');
        if (feature == "multiprocess+") session_.multiprocess = true;
        if (feature == "swbreak+") session_.software_points = true;
        if (feature == "hwbreak+") session_.hardware_points = true;
        if (feature == "fork-events+") wishes.fork_events = true;
        if (feature == "vfork-events+") wishes.vfork_events = true;
        if (feature == "exec-events+") wishes.exec_events = true;
    }
    if (!session_.multiprocess) wishes.fork_events = wishes.vfork_events = false;
    session_.wishes = wishes;
    target_.wish(wishes);
    std::string text = "PacketSize=";
    append_hex(text, kMostPacket);
    text +=
        ";qXfer:features:read+;qXfer:threads:read+;vContSupported+;QStartNoAckMode+;multiprocess+;"
        "swbreak+;hwbreak+;fork-events+;vfork-events+;exec-events+;binary-upload+;error-message+";
    std::string data;
    for (std::string_view name : kObjects) {
        if (target_.read_object(general(), name, data)) {
            text += ";qXfer:" + std::string(name) + ":read+";
        }
    }
    if (target_.has_processes()) {
        text += ";QPassSignals+;QCatchSyscalls+;qXfer:siginfo:read+;qXfer:siginfo:write+";
    }
    return text;
}

std::string Server::no_acknowledgements(Cursor) {
    session_.acknowledge = false;
    return kOk;
}

// The stub's processes are its own: GDB kills them when it quits.
std::string Server::attached(Cursor) { return "0"; }
std::string Server::current(Cursor) { return "QC" + thread_text(general()); }
std::string Server::symbols(Cursor) { return kOk; }

std::string Server::stop_mode(Cursor cursor) {
    return cursor.rest() == "0" ? kOk : error_text("threads stop together here");
}

// --- threads ------------------------------------------------------------------------------------

std::string Server::first_threads(Cursor) {
    std::string text = "m";
    for (const ThreadId& thread : target_.threads()) {
        if (text.size() > 1) text += ",";
        text += thread_text(thread);
    }
    return text.size() > 1 ? text : "l";
}

std::string Server::more_threads(Cursor) { return "l"; }

std::string Server::thread_info(Cursor cursor) {
    ThreadId id;
    return thread_id(cursor, id) ? hex_bytes(target_.thread_name(id)) : "E01";
}

std::string Server::threads_xml() {
    std::string xml = "<?xml version=\"1.0\"?>\n<threads>\n";
    for (const ThreadId& thread : target_.threads()) {
        xml += "<thread id=\"" + thread_text(thread) + "\" name=\"" +
               escaped(target_.thread_name(thread)) + "\"/>\n";
    }
    return xml + "</threads>\n";
}

// --- objects ------------------------------------------------------------------------------------

bool Server::read_object(std::string_view name, std::string_view annex, std::string& data) {
    if (name == "features") {
        if (annex != "target.xml") return false;
        data = target_description(target_.features());
        return true;
    }
    if (name == "threads") {
        data = threads_xml();
        return true;
    }
    return target_.read_object(general(), name, data);
}

// Behind the name: read:ANNEX:OFFSET,BYTES or write:ANNEX:OFFSET:DATA.
std::string Server::object(std::string_view name, Cursor cursor) {
    bool write = cursor.skip("write:");
    if (!write && !cursor.skip("read:")) return {};
    std::string_view annex = cursor.until(':');
    uint64_t offset, bytes;
    if (!cursor.number(offset)) return "E01";
    if (write) {
        bool good =
            cursor.skip(":") && target_.write_object(general(), name, offset, cursor.rest());
        if (!good) return "E01";
        std::string text;
        append_hex(text, cursor.rest().size());
        return text;
    }
    if (!cursor.skip(",") || !cursor.number(bytes)) return "E01";
    std::string data;
    if (!read_object(name, annex, data)) return "E00";
    if (offset > data.size()) return "E01";
    constexpr uint64_t kMost = kMostPacket / 2 - 16;
    std::string part = data.substr(offset, std::min(bytes, kMost));
    bool last = offset + part.size() == data.size();
    return (last ? "l" : "m") + part;
}

std::string Server::threads_object(Cursor cursor) { return object("threads", cursor); }

std::string Server::any_object(Cursor cursor) {
    std::string_view name = cursor.until(':');
    return object(name, cursor);
}

// --- what is reported ---------------------------------------------------------------------------

std::string Server::pass_signals(Cursor cursor) {
    if (!target_.has_processes()) return {};
    std::set<int> signals;
    while (!cursor.at_end()) {
        Cursor part(cursor.until(';'));
        uint64_t signal;
        if (!part.number(signal) || signal > UINT8_MAX || !part.at_end()) return "E01";
        signals.insert(static_cast<int>(signal));
    }
    target_.pass_signals(signals);
    return kOk;
}

std::string Server::catch_syscalls(Cursor cursor) {
    if (!target_.has_processes()) return {};
    bool on = cursor.skip("1");
    if (!on && !cursor.skip("0")) return "E01";
    std::set<uint64_t> numbers;
    while (cursor.skip(";")) {
        uint64_t number;
        if (!cursor.number(number)) return "E01";
        numbers.insert(number);
    }
    if (!cursor.at_end()) return "E01";
    target_.catch_syscalls(on, numbers);
    return kOk;
}

// --- files --------------------------------------------------------------------------------------

namespace {

std::string file_result(int64_t result, bool with_data = false, std::string_view data = {}) {
    std::string text = "F";
    if (result < 0) {
        text += "-1,";
        append_hex(text, static_cast<uint64_t>(-result));
        return text;
    }
    append_hex(text, static_cast<uint64_t>(result));
    if (with_data) text += ";" + std::string(data);
    return text;
}

bool numbers(Cursor& cursor, std::span<uint64_t> out) {
    for (uint64_t& number : out) {
        if (&number != out.data() && !cursor.skip(",")) return false;
        if (!cursor.number(number)) return false;
    }
    return true;
}

}  // namespace

std::string Server::file(Cursor cursor) {
    Files* files = target_.files();
    if (files == nullptr) return {};
    std::string_view operation = cursor.until(':');
    uint64_t n[3];
    std::string path, data;
    if (operation == "setfs") return cursor.number(n[0]) ? "F0" : file_result(kInvalid);
    if (operation == "open") {
        bool good = from_hex(cursor.until(','), path) && numbers(cursor, {n, 2});
        return file_result(good ? files->open(path, n[0], n[1]) : kInvalid);
    }
    if (operation == "close") {
        return file_result(cursor.number(n[0]) ? files->close(n[0]) : kInvalid);
    }
    if (operation == "pread") {
        if (!numbers(cursor, n)) return file_result(kInvalid);
        constexpr uint64_t kMost = kMostPacket / 2 - 32;
        int64_t result = files->read(n[0], std::min(n[1], kMost), n[2], data);
        return file_result(result, true, data);
    }
    if (operation == "pwrite") {
        bool good = numbers(cursor, {n, 2}) && cursor.skip(",");
        return file_result(good ? files->write(n[0], n[1], cursor.rest()) : kInvalid);
    }
    if (operation == "fstat") {
        int64_t result = cursor.number(n[0]) ? files->stat(n[0], data) : kInvalid;
        return file_result(result < 0 ? result : static_cast<int64_t>(data.size()), true, data);
    }
    if (operation == "unlink") {
        return file_result(cursor.bytes(path) ? files->unlink(path) : kInvalid);
    }
    if (operation == "readlink") {
        int64_t result = cursor.bytes(path) ? files->read_link(path, data) : kInvalid;
        return file_result(result < 0 ? result : static_cast<int64_t>(data.size()), true, data);
    }
    return {};
}

}  // namespace pydbt::gdbstub
