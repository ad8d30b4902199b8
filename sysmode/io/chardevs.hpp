// The chardevs that -chardev names: where their bytes come from and go to.
//
// Owns: terminals, sockets, files, pseudo terminals. Must not know: who is connected, QEMU's
// syntax.
#pragma once

#include <termios.h>

#include <memory>
#include <string>

#include "sysmode/io/stream.hpp"

namespace pydbt::sysmode {

/// Goes nowhere.
class NullChardev : public Chardev {
   public:
    void connect(CharSink*) override {}
    size_t write(Bytes bytes) override { return bytes.size(); }
    void resume() override {}
    void flush() override {}
};

/// Standard input and output. A terminal is raw while the object lives; it is as it was behind its
/// end, also when the process ends by exit().
class StdioChardev : public Stream {
   public:
    /// `signals`: Ctrl-C and its like stay signals.
    StdioChardev(IoLoop& loop, bool signals);
    ~StdioChardev() override;
    /// The terminal as it was: for a process that is stopped or ends. Safe in a signal handler.
    static void restore() noexcept;
};

/// Output to a file.
class FileChardev : public Stream {
   public:
    static std::unique_ptr<FileChardev> open(IoLoop& loop, const std::string& path, bool append,
                                             std::string& error);

   private:
    using Stream::Stream;
};

/// A pseudo terminal; what nobody reads is lost.
class PtyChardev : public Stream {
   public:
    static std::unique_ptr<PtyChardev> open(IoLoop& loop, std::string& error);
    const std::string& name() const { return name_; }

   private:
    using Stream::Stream;
    std::string name_;
};

struct SocketAddress {
    std::string path;  // of a Unix socket, or empty
    std::string host, port;
};

/// A client of a socket, or a server that has one client at a time.
class SocketChardev : public Stream {
   public:
    /// A server listens; with `wait` this returns when somebody has come.
    static std::unique_ptr<SocketChardev> open(IoLoop& loop, const SocketAddress& address,
                                               bool server, bool wait, std::string& error);
    ~SocketChardev() override;

   private:
    using Stream::Stream;
    void listen();
    void accept();
    void lost() override;

    int listener_ = -1;
    std::string path_;  // to be removed
};

}  // namespace pydbt::sysmode
