// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/precision.hpp"
#include "device/compute_law.hpp"

namespace mobi {

/// What `device.<name>.profile` names: measured points of a device, and the law of each precision.
///
/// A CSV with a line a point and these columns, in any order:
///
/// | column | holds |
/// |---|---|
/// | `precision` | of the weights: fp32, fp16, bf16, int8 or int4 |
/// | `time [ms]` | of the pass, or another unit of time |
/// | `flop [GFLOP]`, `launches` | work of a sample, and kernels of the pass (0 where left out) |
/// | `layers`, `width`, `ffn`, `heads`, `tokens` | in place of these two: shape and length of an
/// encoder | | `batch` | samples of the pass; left out: 1 | | `weights [MB]` | read by the pass;
/// left out: not stated | | `device` | classes that were measured, `|` between them; left out:
/// whichever names the file | | `source` | where the figure is from |
class ComputeProfile {
  public:
    /// \param name    of the text, begins every error.
    /// \param device  whose points are taken.
    /// \throws DataError  naming line and column, and what is accepted; also when the device has no
    ///                    point.
    static ComputeProfile parse(std::string_view text,
                                const std::string& name,
                                std::string_view device);
    static ComputeProfile read(const std::string& path, std::string_view device);

    const std::string& name() const noexcept { return name_; }

    /// The points with weights of this precision, in the order of the file.
    const std::vector<MeasuredPoint>& points(Precision weights) const;
    /// Their law; null without a point.
    const LawFit* law(Precision weights) const;

    /// \throws DataError  when a point takes less time than reading its weights at this bandwidth,
    ///                    NaN where it is unknown: one of the two figures is wrong.
    void check_bandwidth(double bytes_per_s, std::string_view device) const;

  private:
    struct OfPrecision {
        std::vector<MeasuredPoint> points;
        std::optional<LawFit> law;
    };
    static constexpr std::size_t kPrecisions = 5;

    std::string name_;
    std::array<OfPrecision, kPrecisions> of_;
};

/// `fp16` and so on.
std::string_view name_of(Precision precision);

}  // namespace mobi
