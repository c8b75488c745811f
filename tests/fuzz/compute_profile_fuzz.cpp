// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the table of measured points: the text is refused with a DataError, or every
// precision that has a point has a law whose times are finite and grow with the work.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "device/compute_profile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto profile =
            mobi::ComputeProfile::parse({reinterpret_cast<const char*>(data), size}, "t", "a");
        for (const auto precision :
             {mobi::Precision::Fp32, mobi::Precision::Fp16, mobi::Precision::Bf16,
              mobi::Precision::Int8, mobi::Precision::Int4}) {
            const mobi::LawFit* const fit = profile.law(precision);
            const auto& points = profile.points(precision);
            if ((fit == nullptr) != points.empty()) std::abort();
            if (fit == nullptr) continue;
            if (fit->residuals.size() != points.size()) std::abort();
            const mobi::ComputeLaw& law = fit->law;
            if (!(law.t0_s >= 0 && law.launch_s >= 0 && law.flop_per_s > 0)) std::abort();
            const double little = law.seconds(1e6, 10);
            const double much = law.seconds(1e12, 100);
            if (!(std::isfinite(much) && little > 0 && much >= little)) std::abort();
        }
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
