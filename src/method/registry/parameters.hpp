// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

enum class MethodName { FedMobillm, CentralSide };

/// Section `[method]`.
struct MethodParameters {
    MethodName name = MethodName::FedMobillm;
};

}  // namespace mobi
