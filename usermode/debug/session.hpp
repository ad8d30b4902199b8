// GDB's connection to the process: the socket, and the host thread that serves it.
//
// Owns: the forms of -g's value, the stub's thread. Must not know: commands.
#pragma once

#include <string>

namespace pydbt::usermode {

class Process;

/// What -g says: a port of this machine, HOST:PORT, or the path of a socket; and whether the
/// program waits for GDB.
struct GdbEndpoint {
    std::string host = "127.0.0.1";
    int port = 0;
    std::string path;  // empty: a port
    bool suspend = true;
};

/// False and a sentence when the text is none.
bool parse_gdb_endpoint(const std::string& text, GdbEndpoint& endpoint, std::string& error);

/// Before the program runs: listens, and makes the process debugged. False and a sentence on
/// failure.
bool start_debugging(Process& process, const GdbEndpoint& endpoint, std::string& error);

/// In a new process or program of a debugged one: the stub at the other end of `link` has GDB.
void join_debugging(Process& process, int link);
void join_debugging_after_exec(Process& process, int link);

}  // namespace pydbt::usermode
