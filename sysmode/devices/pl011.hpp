// PL011, a UART (Arm DDI 0183).
//
// Owns: both FIFOs, flow control towards the chardev, interrupts. Must not know: where bytes go.
#pragma once

#include <deque>
#include <mutex>

#include "sysmode/bus/device.hpp"
#include "sysmode/bus/line.hpp"
#include "sysmode/io/chardev.hpp"

namespace pydbt::sysmode {

class Pl011 : public Device, public CharSink {
   public:
    Pl011(Chardev& chardev, Line line);
    ~Pl011() override;

    bool read(uint64_t offset, unsigned size, uint64_t* value) override;
    bool write(uint64_t offset, unsigned size, uint64_t value) override;
    void reset() override;

    size_t receive(Bytes bytes) override;
    void writable() override;
    void event(CharEvent event) override;

   private:
    uint32_t get(uint64_t offset);
    void put(uint64_t offset, uint32_t value);
    uint32_t take_data();
    void send(uint8_t byte);
    void drain();
    void arrive(uint16_t entry);
    void update();
    uint32_t flags() const;
    size_t depth() const;
    size_t trigger(unsigned shift) const;

    Chardev& chardev_;
    std::mutex lock_;
    Line line_;
    std::deque<uint16_t> received_;  // with the error bits of DR
    std::deque<uint8_t> sending_;
    bool refused_ = false;  // the chardev has more
    uint32_t errors_ = 0, low_power_ = 0, integer_baud_ = 0, fraction_baud_ = 0, line_control_ = 0,
             control_ = 0, levels_ = 0, mask_ = 0, raw_ = 0, dma_ = 0;
};

}  // namespace pydbt::sysmode
