// User mode's processes as GDB's stub sees them.
//
// Owns: ProcessTarget. Must not know: packets, sockets.
#pragma once

#include <memory>

#include "usermode/debug/debugger.hpp"
#include "usermode/debug/files.hpp"

namespace pydbt::usermode {

class ProcessTarget final : public gdbstub::Target {
   public:
    explicit ProcessTarget(Process& process) : process_(process), files_(process) {}

    const a64::Features& features() const override;
    void wish(const gdbstub::Wishes& wishes) override;
    std::vector<gdbstub::ThreadId> threads() override;
    std::string thread_name(const gdbstub::ThreadId& thread) override;
    base::CpuState* registers(const gdbstub::ThreadId& thread, bool to_write) override;
    size_t read_memory(const gdbstub::ThreadId& thread, uint64_t address,
                       std::span<char> data) override;
    bool write_memory(const gdbstub::ThreadId& thread, uint64_t address,
                      std::string_view data) override;
    bool set_point(gdbstub::PointKind kind, uint64_t address, uint64_t bytes) override;
    bool clear_point(gdbstub::PointKind kind, uint64_t address, uint64_t bytes) override;
    void resume(const std::vector<gdbstub::Action>& actions) override;
    void interrupt() override;
    bool next_stop(gdbstub::Stop& stop) override;
    bool detach(int64_t pid) override;
    bool kill(int64_t pid) override;
    bool read_object(const gdbstub::ThreadId& thread, std::string_view name,
                     std::string& data) override;
    bool write_object(const gdbstub::ThreadId& thread, std::string_view name, uint64_t offset,
                      std::string_view data) override;
    gdbstub::Files* files() override { return &files_; }
    bool has_processes() const override { return true; }
    void pass_signals(const std::set<int>& signals) override;
    void catch_syscalls(bool on, const std::set<uint64_t>& numbers) override;
    bool forward(int64_t pid, const std::string& packet, std::string& reply) override;

    /// Whether no thread runs.
    bool stands();
    /// The end of a process has been told: it may end. Whether there was one.
    bool acknowledge_end();

   private:
    Debugger& debugger();
    siginfo_t* signal_info(const gdbstub::ThreadId& thread);

    Process& process_;
    DebuggerFiles files_;
    bool ended_ = false;
};

}  // namespace pydbt::usermode
