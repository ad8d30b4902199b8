#include "sysmode/virtio/rng.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pydbt::sysmode {

VirtioRng::VirtioRng(Bus& bus, std::string name) : VirtioDevice(bus, std::move(name), 4, 1, 8, 0) {}

void VirtioRng::run(unsigned queue) {
    // A request may be answered in part: no more than this at a time, which getrandom does not cut.
    constexpr size_t kMost = 256;
    Chain chain;
    while (pop(queue, chain)) {
        std::array<std::byte, kMost> bytes;
        ssize_t got = getrandom(bytes.data(), std::min<uint64_t>(kMost, chain.in_size()), 0);
        size_t count = got > 0 ? static_cast<size_t>(got) : 0;
        push(queue, chain, chain.write(bus_, 0, std::span(bytes).first(count)));
    }
    tell(queue);
}

}  // namespace pydbt::sysmode
