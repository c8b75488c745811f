// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/round_work.hpp"

#include <utility>

#include "core/virtual_time.hpp"

namespace mobi {

DeviceTask RoundWork::task(DeviceId device,
                           VirtualClock::time_point ready,
                           std::int64_t version) const {
    DeviceTask task;
    task.device = device;
    task.ready = ready;
    task.round = static_cast<std::int32_t>(version);
    task.version = version;
    task.parts = parts(device, task.round);
    if (samples) task.samples = samples(device, task.round);
    return task;
}

Step RoundWork::step(std::int64_t number,
                     VirtualClock::time_point start,
                     std::vector<EventId> inputs) const {
    Step step;
    step.number = step.model_step = number;
    step.round = static_cast<std::int32_t>(number);
    step.start = step.end = start;
    step.inputs = std::move(inputs);
    if (!step.inputs.empty())
        step.end =
            later(start, aggregate_time(step.inputs.size()), {"aggregating", "", "server.rate"});
    return step;
}

}  // namespace mobi
