// SPDX-License-Identifier: Apache-2.0
#include "record/handle.hpp"

#include <string>

#include "core/error.hpp"

namespace mobi {
namespace {

herr_t append_frame(unsigned /*depth*/, const H5E_error2_t* frame, void* text) {
    auto& out = *static_cast<std::string*>(text);
    out += "\n    ";
    out += frame->func_name;
    out += ": ";
    out += frame->desc != nullptr ? frame->desc : "no description";
    return 0;
}

}  // namespace

void silence_hdf5_diagnostics() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void check_hdf5(herr_t status, std::string_view what) {
    if (status < 0) internal::fail_hdf5(what);
}

void internal::fail_hdf5(std::string_view what) {
    std::string text(what);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, append_frame, &text);
    throw RecordError(text);
}

}  // namespace mobi
