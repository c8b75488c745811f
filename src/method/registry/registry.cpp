// SPDX-License-Identifier: Apache-2.0
#include "method/registry/registry.hpp"

#include "core/error.hpp"
#include "method/side/central_side.hpp"
#include "method/side/fed_mobillm.hpp"

namespace mobi {

std::unique_ptr<Method> make_method(const MethodParameters& parameters,
                                    const FamilySettings& settings) {
    switch (parameters.name) {
        case MethodName::FedMobillm:
            return std::make_unique<FedMobillm>(settings.side);
        case MethodName::CentralSide:
            return std::make_unique<CentralSide>(settings.side);
    }
    throw Bug("a method without a line in the registry");
}

}  // namespace mobi
