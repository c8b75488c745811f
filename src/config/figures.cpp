// SPDX-License-Identifier: Apache-2.0
#include "config/figures.hpp"

#include <cmath>

#include <fmt/format.h>

#include "config/options.hpp"

namespace mobi {
namespace {

template <typename Owner, typename Use>
void visit_entries(EntryKind kind,
                   const std::vector<Key<Owner>>& keys,
                   std::map<std::string, Owner>& entries,
                   const Use& use) {
    for (auto& [name, entry] : entries)
        for (const auto& key : keys)
            if (key.figure) use(std::string(section_of(kind)), name, key.name, key, entry);
}

/// `use(section, entry, name of the key in it, key, owner)` for every figure.
template <typename Use>
void visit_figures(RunConfig& config, const Use& use) {
    for (const auto& key : run_keys()) {
        if (!key.figure) continue;
        const std::size_t dot = key.name.rfind('.');
        use(key.name.substr(0, dot), std::string(), key.name.substr(dot + 1), key, config);
    }
    visit_entries(EntryKind::Device, device_keys(), config.devices, use);
    visit_entries(EntryKind::Link, link_keys(), config.links, use);
    visit_entries(EntryKind::Availability, availability_keys(), config.availability, use);
}

}  // namespace

std::string FigureRef::name() const {
    return entry.empty() ? fmt::format("{}.{}", section, key)
                         : fmt::format("{}.{}.{}", section, entry, key);
}

std::string FigureRef::family() const {
    return entry.empty() ? name() : fmt::format("{}.*.{}", section, key);
}

std::vector<FigureRef> figures_of(const RunConfig& config) {
    std::vector<FigureRef> figures;
    RunConfig mutable_config = config;  // keys know how to reach what they may change
    visit_figures(mutable_config, [&](const std::string& section, const std::string& entry,
                                      const std::string& name, const auto& key, auto& owner) {
        const double value = key.figure(owner);
        if (std::isnan(value) || value == 0) return;
        const bool banded = key.bands && key.bands(owner).find(name, value) != nullptr;
        figures.push_back(
            {section, entry, name, key.cheaper, value, key.figure_text(value), banded});
    });
    return figures;
}

void use_figures(RunConfig& config, Figures figures) {
    config.run.figures = figures;
    visit_figures(config, [&](const std::string&, const std::string&, const std::string& name,
                              const auto& key, auto& owner) {
        if (!key.bands) return;
        double& value = key.figure(owner);
        if (const FigureBand* band = key.bands(owner).find(name, value))
            value = band->at(figures, key.cheaper);
    });
}

void multiply(RunConfig& config, const FigureRef& figure, double factor) {
    visit_figures(config, [&](const std::string& section, const std::string& entry,
                              const std::string& name, const auto& key, auto& owner) {
        if (section == figure.section && entry == figure.entry && name == figure.key)
            key.figure(owner) *= factor;
    });
}

}  // namespace mobi
