// User mode's processes as GDB's stub sees them.
//
// Owns: ProcessTarget. Must not know: packets, sockets.
#pragma once

#include <deque>
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
    void detach(int64_t pid) override;
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
    /// The end of a process has been told: it may end.
    void acknowledge_end();

    /// Whether one has been told, and whether nothing of this process is left then.
    bool ends() const { return ended_ != 0; }
    bool last_ends();

    /// Processes that other stubs serve.
    std::vector<LinkedProcess>& linked() { return linked_; }
    /// Whether this process has threads of its own.
    bool has_own();

   private:
    Debugger& debugger();
    LinkedProcess* find_linked(int64_t pid);
    bool ask(LinkedProcess& linked, std::string_view packet, std::string& reply);
    bool take_linked_stop(LinkedProcess& linked, gdbstub::Stop& stop);
    void stop_all();
    void drop_ended();
    siginfo_t* signal_info(const gdbstub::ThreadId& thread);

    Process& process_;
    DebuggerFiles files_;
    int64_t ended_ = 0;  // the process whose end has been told
    std::vector<LinkedProcess> linked_;
    std::deque<gdbstub::Stop> kept_;  // that came while all were being stopped
};

}  // namespace pydbt::usermode
