// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mobi {

/// The physical quantities that configuration values can have.  Each is stored in the SI unit
/// named here; its texts carry one of the units that accepted_units() lists.
enum class Quantity {
    Rate,      ///< bytes per second
    Size,      ///< bytes
    FlopRate,  ///< FLOP per second
    Time,      ///< seconds
    Power,     ///< watts
    Energy,    ///< joules
};

/// Parses a number with a unit into SI.
///
/// Prefixes of bit/s, B/s and FLOP/s are powers of 1000.  A number without a unit is an error; so
/// is a negative or not finite one.  Blanks are allowed between number and unit.
///
/// Example: `parse_quantity("20 Mbit/s", Quantity::Rate)` = 2.5e6.
///
/// \return  a finite number >= 0 in the unit of `quantity`.
/// \throws std::invalid_argument  naming the text and the accepted units.
double parse_quantity(std::string_view text, Quantity quantity);

/// The text with the fewest digits that parse_quantity() turns back into `value`, e.g. `"20
/// Mbit/s"`.
std::string format_quantity(double value, Quantity quantity);

/// E.g. `"bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s"`.
std::string accepted_units(Quantity quantity);

}  // namespace mobi
