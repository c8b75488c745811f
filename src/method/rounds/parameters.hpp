// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mobi {

enum class RoundProtocol { Sync, Buffered };

/// When the device goes out that takes the place of the one whose arrival filled the buffer.
enum class Dispatch {
    AfterStep,  ///< when the step has ended, with its weights
    AtOnce,     ///< at the arrival, with the weights before
};

/// Section `[rounds]`: of methods whose devices train in rounds.
struct RoundParameters {
    RoundProtocol protocol = RoundProtocol::Sync;
    std::int32_t count = 100;    ///< rounds, or steps of the server
    std::int32_t wanted = 10;    ///< arrivals that close a round, or fill the buffer
    std::int32_t selected = 10;  ///< sync: devices that are asked; above `wanted`: over-selection
    double deadline_s = 0;       ///< sync: after a round's dispatch; 0: none
    std::int32_t concurrency = 20;            ///< buffered: devices at work
    Dispatch dispatch = Dispatch::AfterStep;  ///< buffered
};

}  // namespace mobi
