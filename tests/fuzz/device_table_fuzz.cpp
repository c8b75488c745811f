// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the table of devices: the text is refused with a DataError, or every device can be
// set.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "device/device_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const mobi::DeviceTable table =
            mobi::DeviceTable::parse({reinterpret_cast<const char*>(data), size}, "t");
        mobi::DeviceProfile profile;
        mobi::LinkProfile link;
        for (std::size_t i = 0; i < table.devices(); ++i) {
            table.apply(i, profile, link);
            for (const std::string* const name : {table.link(i), table.backbone(i)})
                if (name != nullptr && name->find_first_of(",\n") != std::string::npos)
                    std::abort();
        }
        if (link.loss < 0 || link.loss > 0.99 || profile.thermal_stretch < 1) std::abort();
    } catch (const mobi::DataError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
