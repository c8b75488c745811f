// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/precision.hpp"
#include "device/model_size.hpp"
#include "device/profile.hpp"

namespace mobi {

/// What the table of devices counts a sample with.
struct SampleCost {
    ModelSize size;
    Precision weights = Precision::Fp16;
    int tokens = 128;
};

/// The devices as a table for people, the fastest first: rates, memory, bandwidth, power and, with
/// a backbone, time, energy and memory of one sample.
std::string devices_text(const std::map<std::string, DeviceProfile>& devices,
                         const std::optional<SampleCost>& cost);

/// The laws of the devices' measured points: a line a law with its parameters and how well it
/// predicts a point from the others, then a line a point with both errors; a last line sums up the
/// laws of three points and more.  Empty when no device has measured points.
std::string laws_text(const std::map<std::string, DeviceProfile>& devices);

/// The links as a table, the fastest uplink first, with time and energy of an upload of
/// `packet_bytes`.
std::string links_text(const std::map<std::string, LinkProfile>& links, double packet_bytes);

}  // namespace mobi
