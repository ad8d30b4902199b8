// Messages between the stubs of several processes: one has GDB's connection, and asks the others.
//
// Owns: their form. Must not know: what is asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pydbt::usermode {

struct LinkMessage {
    enum class Kind : char {
        session = 'T',    // what the client has been told; the first message
        request = 'P',    // a packet of the client's
        reply = 'R',      // to the request
        stop = 'S',       // as the client is to be told of it
        interrupt = 'I',  // stop
        hand_over = 'H',  // the connection itself: GDB is yours now
        link = 'L',       // use this link from now on
    };
    Kind kind = Kind::session;
    std::string text;
    std::vector<int> fds;
};

/// Two ends; false when there are no descriptors.
bool make_link(int (&ends)[2]);
bool send_message(int fd, LinkMessage::Kind kind, std::string_view text,
                  const std::vector<int>& fds = {});
/// Waits for one. False when the other end is gone.
bool receive_message(int fd, LinkMessage& message);

}  // namespace pydbt::usermode
