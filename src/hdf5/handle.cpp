// SPDX-License-Identifier: Apache-2.0
#include "hdf5/handle.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {
namespace {

struct ErrorText {
    std::string reason;  // of the operating system, if it was that
    std::string frames;
};

herr_t append_frame(unsigned /*depth*/, const H5E_error2_t* frame, void* text) {
    auto& out = *static_cast<ErrorText*>(text);
    std::string description = frame->desc != nullptr ? frame->desc : "no description";
    std::replace(description.begin(), description.end(), '\n', ' ');
    out.frames += fmt::format("\n    {}: {}", frame->func_name, description);

    constexpr std::string_view kReason = "error message = '";
    const std::size_t first = description.find(kReason);
    if (first == std::string::npos || !out.reason.empty()) return 0;
    out.reason = description.substr(first + kReason.size());
    out.reason = ": " + out.reason.substr(0, out.reason.find('\''));
    return 0;
}

}  // namespace

void silence_hdf5_diagnostics() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void prepare_hdf5() {
    H5dont_atexit();  // has an effect before the first other call only; a repeat is no error of
                      // ours
    silence_hdf5_diagnostics();
}

void check_hdf5(herr_t status, std::string_view what) {
    if (status < 0) internal::fail_hdf5(what);
}

void internal::fail_hdf5(std::string_view what) {
    ErrorText text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, append_frame, &text);
    throw RecordError(fmt::format("{}{}{}", what, text.reason, text.frames));
}

}  // namespace mobi
