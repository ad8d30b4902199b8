// The files that a debugger asks for: those the guest would see.
//
// Owns: GDB's File-I/O numbers and structures. Must not know: packets.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "translator/gdbstub/target.hpp"

namespace pydbt::usermode {

class Process;

class DebuggerFiles final : public gdbstub::Files {
   public:
    explicit DebuggerFiles(Process& process) : process_(process) {}
    ~DebuggerFiles() override;
    int64_t open(const std::string& path, uint64_t flags, uint64_t mode) override;
    int64_t close(uint64_t fd) override;
    int64_t read(uint64_t fd, uint64_t bytes, uint64_t offset, std::string& data) override;
    int64_t write(uint64_t fd, uint64_t offset, std::string_view data) override;
    int64_t stat(uint64_t fd, std::string& data) override;
    int64_t unlink(const std::string& path) override;
    int64_t read_link(const std::string& path, std::string& target) override;

   private:
    bool is_open(uint64_t fd) const { return open_.contains(static_cast<int>(fd)); }

    Process& process_;
    std::set<int> open_;  // only these are the client's
};

}  // namespace pydbt::usermode
