// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "method/device_selector.hpp"
#include "method/protocol.hpp"
#include "method/task_ledger.hpp"

namespace mobi {

/// What a device and the server do for one batch of a model that is split between them.
struct ExchangeWork {
    /// Batch `batch` of a device, from 0: fetches the gradient of the batch before and takes it
    /// backward, where there is one, then computes and sends the activations of this one.  What
    /// follows the last batch, numbered `batches`, is the former alone.
    std::function<Part(DeviceId, std::int32_t batch)> part;
    VirtualClock::duration step_time{};  ///< the server's half for one batch
};

struct ExchangeSettings {
    std::int32_t rounds = 1;
    std::int32_t selected = 1;  ///< devices at work at once; 1: one after another
    std::int32_t batches = 1;   ///< of each device in a round
};

/// Split learning: each upload of activations is a step of the server, first come first served, and
/// its gradient is what the device fetches before its next batch (Gupta and Raskar, arXiv
/// 1810.06060).  A round ends when every device has taken its last gradient or has left.
class Exchanges final : public Protocol {
  public:
    Exchanges(const ExchangeSettings& settings,
              ExchangeWork work,
              std::unique_ptr<DeviceSelector> selector);

    std::optional<Step> next(FleetClock& fleet) override;
    std::int64_t steps_planned() const override {
        return std::int64_t{settings_.rounds} * settings_.selected * settings_.batches;
    }
    void delay_to(VirtualClock::time_point end) override { free_ = std::max(free_, end); }

  private:
    bool begin_round(FleetClock& fleet);
    void assign(FleetClock& fleet,
                DeviceId device,
                std::int32_t batch,
                VirtualClock::time_point ready);

    ExchangeSettings settings_;
    ExchangeWork work_;
    std::unique_ptr<DeviceSelector> selector_;
    TaskLedger tasks_;        // an entry's version is its batch
    std::int32_t round_ = 0;  // that begins next
    std::int64_t steps_ = 0;
    VirtualClock::time_point now_{};
    VirtualClock::time_point free_{};  // the server
};

}  // namespace mobi
