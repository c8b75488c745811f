// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mobi {

/// One pass that was timed on a device: its work and how long it took.
struct MeasuredPoint {
    double flop = 0;          ///< of the whole batch, > 0
    double launches = 0;      ///< kernels started one after another
    double weight_bytes = 0;  ///< read once; 0: not stated
    double time_s = 0;        ///< > 0
    std::string source;       ///< for messages
};

/// Time of a pass over its work, fitted to measured points:
///
///     t = t0 + launches l + FLOPs / r
///
/// Equivalently the rate rises with the work w = FLOPs / launches of a launch and saturates at r:
/// r w / (w + w_half) with w_half = l r.  All three are non-negative, so that a pass never takes
/// less for more work.  docs/devices.md 1.1.
struct ComputeLaw {
    double t0_s = 0;        ///< start-up of a pass
    double launch_s = 0;    ///< l, of one launch
    double flop_per_s = 0;  ///< r, > 0

    double seconds(double flop, double launches) const {
        return t0_s + launches * launch_s + flop / flop_per_s;
    }
};

/// A law and what the points tell of it.
struct LawFit {
    ComputeLaw law;
    std::vector<double> residuals;  ///< (points), law / measured - 1, in the order of the points
    std::string remark;             ///< which parameters the points determine, for people
};

/// Fits the law by least squares of relative residuals, law / measured - 1.
///
/// The rate is always fitted, start-up and launches only where the points tell them.  Candidates
/// are the laws of the rate; rate and launches; rate and start-up; all three, each if there is a
/// point more than it has parameters.  Taken is the one that predicts each point best from the
/// others, by squared error; of nearly equal ones the one named first.  One or two points are a
/// plain rate.
///
/// Deterministic, and independent of the points' order.
/// \throws Bug  without a point, or with one without work or time.
LawFit fit_law(std::span<const MeasuredPoint> points);

/// How well the law of the other points predicts each: law / measured - 1, in the order of the
/// points.  Empty for a single point, which nothing predicts.
std::vector<double> leave_one_out(std::span<const MeasuredPoint> points);

/// Of the absolute values of errors, interpolated linearly between neighbours; NaN without any.
struct ErrorSummary {
    std::size_t count = 0;
    double median = 0;
    double p90 = 0;  ///< 90th percentile
};
ErrorSummary summarise(std::span<const double> errors);

}  // namespace mobi
