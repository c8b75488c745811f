// SPDX-License-Identifier: Apache-2.0
#include "method/device_program.hpp"

namespace mobi {

WorkCounts DeviceProgram::run_empty(const Work& work, const Workshop&, const Emit& emit) const {
    WorkCounts counts;
    for (const WorkItem& item : work.items) {
        counts.samples += static_cast<std::int64_t>(item.samples.size());
        emit.result(item, Bytes(static_cast<std::size_t>(item.up_bytes)));
    }
    return counts;
}

}  // namespace mobi
