// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/csv_text.hpp"
#include "device/profile.hpp"

namespace mobi {

/// Figures of single devices, one a line: `fleet.devices_file`.
///
/// A CSV.  Its header names a key of `[device.<name>]` or `[link.<name>]` a column, with its unit
/// in brackets where the key has one, e.g. `time_per_sample [ms],uplink [kB/s]`: how other
/// simulators describe a fleet (FedScale, FLASH).  Columns `link` and `backbone` hold names.  Line
/// i is device i.
class DeviceTable {
  public:
    /// \param name  of the text, begins every error.
    /// \throws DataError  naming line and column, and what is accepted.
    static DeviceTable parse(std::string_view text, const std::string& name);
    static DeviceTable read(const std::string& path);

    std::size_t devices() const noexcept { return devices_; }
    const std::string& name() const noexcept { return name_; }

    /// Sets the figures of one device.  \pre device < devices()
    void apply(std::size_t device, DeviceProfile& profile, LinkProfile& link) const;

    /// The name of its link, or null where there is no such column.  \pre device < devices()
    const std::string* link(std::size_t device) const;
    const std::string* backbone(std::size_t device) const;

    /// Whether a column sets this figure of devices.
    bool sets(double DeviceProfile::*figure) const;

  private:
    struct Column {
        double DeviceProfile::*of_device = nullptr;
        double LinkProfile::*of_link = nullptr;
        double scale = 1;  // to SI
        CsvRange range;
    };
    static Column parse_column(std::string_view title, const std::string& name);
    void add_line(std::span<const std::string_view> cells,
                  std::span<const std::string_view> titles,
                  const std::string& where);

    std::string name_;
    std::size_t devices_ = 0;
    std::vector<Column> columns_;         // of the numbers
    std::vector<double> values_;          // (devices, columns), SI
    std::vector<std::string> links_;      // (devices), or empty
    std::vector<std::string> backbones_;  // likewise
};

}  // namespace mobi
