#include "sysmode/io/report.hpp"

#include <unistd.h>

#include <string>

namespace pydbt::sysmode {

void report(std::string_view text) {
    // The terminal may be raw: the carriage has to be returned.
    std::string line = (isatty(STDERR_FILENO) != 0 ? "\rpydbt: " : "pydbt: ");
    line += text;
    line += isatty(STDERR_FILENO) != 0 ? "\r\n" : "\n";
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pydbt::sysmode
