// GDB's stub: answers the packets of one client about a Target.
//
// Owns: the commands of the remote protocol. Must not know: sockets (bytes go in and out), what a
// Target is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "translator/gdbstub/packet.hpp"
#include "translator/gdbstub/target.hpp"

namespace pydbt::gdbstub {

/// What a client has been told and has said, for another stub that goes on with it.
struct Session {
    bool acknowledge = true;
    bool multiprocess = false;
    bool software_points = false, hardware_points = false;  // swbreak, hwbreak
    Wishes wishes;
    ThreadId general;  // Hg's
    bool running = false;
};

class Server {
   public:
    using Send = std::function<void(std::string_view bytes)>;
    /// `stopped` is why the target stands still at first.
    Server(Target& target, const Stop& stopped, Send send)
        : target_(target), send_(std::move(send)), last_(stopped) {
        session_.general = stopped.thread;
    }

    /// What the client has sent. Its answers are sent before it returns.
    void receive(std::string_view bytes);
    /// To be called when the target may have stopped.
    void look();
    /// The same, but the text of the stop is the caller's to send. False: it runs.
    bool take_stop(std::string& text);
    /// The client detached from all, or killed it.
    bool done() const { return done_; }
    /// Goes on with another stub's client, which waits for a stop to be told.
    void take_over(const Session& session);
    const Session& session() const { return session_; }
    /// The answer to one packet; an empty one says that it is unknown.
    std::string answer(const std::string& packet);
    /// Does what is to be done behind the answer; receive() does so itself.
    void finish();

   private:
    using Handler = std::string (Server::*)(Cursor);
    enum class Scope : uint8_t { stub, process };
    struct Command {
        std::string_view prefix;
        Handler handler;
        Scope scope;  // whose it is when the process of Hg has a stub of its own
    };
    static const Command kCommands[];

    void reply(std::string_view payload);

    // server.cpp
    bool thread_id(Cursor& cursor, ThreadId& id) const;
    std::string thread_text(const ThreadId& id) const;
    std::string choose_thread(Cursor cursor);
    std::string thread_is_alive(Cursor cursor);
    std::string read_registers(Cursor cursor);
    std::string write_registers(Cursor cursor);
    std::string read_one(Cursor cursor);
    std::string write_one(Cursor cursor);
    std::string read_memory(Cursor cursor);
    std::string read_binary(Cursor cursor);
    std::string write_memory(Cursor cursor);
    std::string write_binary(Cursor cursor);
    std::string search_memory(Cursor cursor);
    std::string set_point(Cursor cursor);
    std::string clear_point(Cursor cursor);

    // server_run.cpp
    std::string stop_text(const Stop& stop);
    std::string why_stopped(Cursor cursor);
    std::string resume_actions(Cursor cursor);
    std::string resume_kinds(Cursor cursor);
    std::string go(Cursor cursor);
    std::string go_signal(Cursor cursor);
    std::string step(Cursor cursor);
    std::string step_signal(Cursor cursor);
    std::string resume_all(Resume::Kind kind, int signal, Cursor cursor);
    std::string start(const std::vector<Action>& actions);
    std::string interrupt(Cursor cursor);
    std::string detach(Cursor cursor);
    std::string kill_all(Cursor cursor);
    std::string kill_one(Cursor cursor);

    // server_queries.cpp
    std::string supported(Cursor cursor);
    std::string no_acknowledgements(Cursor cursor);
    std::string attached(Cursor cursor);
    std::string current(Cursor cursor);
    std::string first_threads(Cursor cursor);
    std::string more_threads(Cursor cursor);
    std::string thread_info(Cursor cursor);
    std::string threads_object(Cursor cursor);
    std::string any_object(Cursor cursor);
    std::string object(std::string_view name, Cursor cursor);
    std::string symbols(Cursor cursor);
    std::string pass_signals(Cursor cursor);
    std::string catch_syscalls(Cursor cursor);
    std::string stop_mode(Cursor cursor);
    std::string file(Cursor cursor);
    bool read_object(std::string_view name, std::string_view annex, std::string& data);
    std::string threads_xml();

    /// The thread that a command is about: the client's choice, or the first.
    ThreadId general();

    Target& target_;
    Send send_;
    PacketReader reader_;
    Session session_;
    ThreadId continued_;  // Hc's
    Stop last_;
    std::string sent_;  // the last packet, for a client that did not get it
    std::optional<int64_t> detaching_;
    bool done_ = false;
};

inline const std::string kOk = "OK";
/// An answer that the command is understood and cannot be done.
std::string error_text(std::string_view why);

}  // namespace pydbt::gdbstub
