// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobi {

/// `run.figures`: the figures themselves, or of every band the end with which a run costs less, or
/// more.
///
/// Low and high are envelopes: every figure of the fleet is at its end at once, which no real fleet
/// is.  They bound a run as far as its time and energy fall with each figure, which holds for one
/// resource after another but is no theorem for a fleet that comes, goes and shares links.
enum class Figures { Nominal, Low, High };

/// Which way a figure has to go for a run to cost less.
enum class Cheaper {
    WithMore,  ///< a rate
    WithLess,  ///< a time or a power
};

/// What is known of a figure that is not known exactly.  least <= nominal <= most, in its unit.
struct FigureBand {
    double nominal = 0;
    double least = 0;
    double most = 0;

    double at(Figures figures, Cheaper cheaper) const {
        if (figures == Figures::Nominal) return nominal;
        return (figures == Figures::Low) == (cheaper == Cheaper::WithMore) ? most : least;
    }
    bool operator==(const FigureBand&) const = default;
};

/// The bands of the figures of one section, by the name of their key; a figure without one is taken
/// as exact.
class FigureBands {
  public:
    FigureBands() = default;
    FigureBands(std::initializer_list<std::pair<std::string, FigureBand>> bands) : bands_(bands) {}

    /// Null: none, or the figure has been set to something else than its band has.
    /// \param value  of the figure.
    const FigureBand* find(std::string_view key, double value) const {
        for (const auto& [name, band] : bands_)
            if (name == key && (value == band.nominal || value == band.least || value == band.most))
                return &band;
        return nullptr;
    }
    void set(std::string_view key, const FigureBand& band) {
        erase(key);
        bands_.emplace_back(key, band);
    }
    void erase(std::string_view key) {
        std::erase_if(bands_, [&](const auto& one) { return one.first == key; });
    }
    bool empty() const noexcept { return bands_.empty(); }

  private:
    std::vector<std::pair<std::string, FigureBand>> bands_;  // a handful
};

}  // namespace mobi
