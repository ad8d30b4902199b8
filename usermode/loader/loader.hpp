// From a program's path to a guest thread that stands at its first instruction.
//
// Owns: opening the program and its interpreter, the initial stack, the auxiliary vector. Must not
// know: options' syntax, how threads run.
#pragma once

#include <string>
#include <vector>

namespace pydbt::usermode {

class Process;

struct LoadRequest {
    std::string path;               // of the program
    std::string name;               // what was executed: a script's, or the path
    int fd = -1;                    // open, where the kernel did so: the path is a name only then
    std::vector<std::string> argv;  // what it sees
    std::vector<std::string> envp;
};

/// Why a program cannot start; `status` is what a shell would exit with (126 or 127).
struct LoadError {
    std::string message;
    int status = 126;
};

/// Loads the program into the process and sets its main thread's registers. False on failure.
bool load_program(Process& process, const LoadRequest& request, LoadError& error);

}  // namespace pydbt::usermode
