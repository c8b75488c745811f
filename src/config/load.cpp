// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/figures.hpp"
#include "config/ini.hpp"
#include "config/key_names.hpp"
#include "config/options.hpp"
#include "config/validate.hpp"
#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "device/fleet.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

/// Keys of earlier versions, which the configurations in their run files have.  None of them had an
/// effect: three had one accepted value, one was recorded and asked for by nobody.
bool is_retired(std::string_view key) {
    constexpr std::string_view kRetired[] = {"eval.count_replay", "inference.mode",
                                             "optimizer.kind", "side.arch"};
    return std::find(std::begin(kRetired), std::end(kRetired), key) != std::end(kRetired);
}

/// The problems found so far, each a line for the user.
class Problems {
  public:
    void add(std::string problem) {
        if (!seen_.insert(problem).second) return;
        if (problems_.size() < kMost) problems_.push_back(std::move(problem));
    }
    void add(const ConfigLine& line, std::string_view what) { add(problem_text(line, what)); }

    bool full() const { return problems_.size() >= kMost; }

    /// \throws ConfigError  when there are any.
    void throw_if_any() const {
        if (seen_.empty()) return;
        if (seen_.size() == 1) throw ConfigError(problems_.front());
        std::string report = fmt::format("the configuration has {} problems\n  {}", seen_.size(),
                                         fmt::join(problems_, "\n  "));
        if (full()) report += "\n  ... and perhaps more";
        throw ConfigError(report);
    }

  private:
    static constexpr std::size_t kMost = 50;
    std::vector<std::string> problems_;
    std::set<std::string> seen_;
};

/// The text of a file, or why there is none.
std::variant<IniText, std::string> read_file(const fs::path& path) {
    constexpr std::size_t kLargest = 16U << 20;
    try {
        return read_ini(read_text_file(path, {}, kLargest), path.lexically_normal().string());
    } catch (const DataError& error) {
        return error.what();
    }
}

struct Assignment {
    ConfigLine line;
    KeyTarget target;
    bool from_command_line = false;
};

/// A line whose value is a path relative to the folder of `file`, not to the working directory.
ConfigLine beside(ConfigLine line, const fs::path& file) {
    if (!line.value.empty())
        line.value = (file.parent_path() / line.value).lexically_normal().generic_string();
    return line;
}

class Loader {
  public:
    /// \param configs  the catalogue's folder; none for a resolved text.
    explicit Loader(std::optional<fs::path> configs) : configs_(std::move(configs)) {}

    void add_file(const fs::path& path) { add_file(path, nullptr); }
    void add_text(std::string_view text, std::string_view name);
    void add_overrides(const std::vector<std::string>& overrides);
    RunConfig resolve();
    Catalogue resolve_catalogue();

  private:
    void add_file(const fs::path& path, const ConfigLine* include);
    void add_lines(IniText text);
    void add(ConfigLine line, bool from_command_line);
    void check_value(const KeyTarget& target, const ConfigLine& line);

    template <typename Owner>
    bool read(const Key<Owner>& key, Owner& owner, const ConfigLine& line);
    template <typename Owner>
    bool read(const std::vector<Key<Owner>>& keys,
              std::string_view name,
              Owner& owner,
              const ConfigLine& line);
    void remember(const std::string& full_name, const ConfigLine& line, bool good);

    void expand_fleet(FleetParameters& fleet);
    template <typename Owner>
    void resolve_entries(EntryKind kind,
                         const std::vector<Key<Owner>>& keys,
                         const std::map<std::string, std::string>& used,
                         std::map<std::string, Owner>& entries);
    template <typename Owner>
    std::optional<Owner> resolve_entry(EntryKind kind,
                                       const std::vector<Key<Owner>>& keys,
                                       const std::string& name,
                                       const std::string& used_by);
    template <typename Owner>
    bool apply_catalogue(EntryKind kind,
                         const std::vector<Key<Owner>>& keys,
                         const std::string& name,
                         Owner& entry);
    void refuse_unused(EntryKind kind, const std::map<std::string, std::string>& used);
    void add_unknown_entry(EntryKind kind, const std::string& name, const std::string& used_by);
    void add_validation(const RunConfig& config);

    fs::path catalogue_file(EntryKind kind, const std::string& name) const;
    bool in_catalogue(EntryKind kind, const std::string& name) const;
    bool in_files(EntryKind kind, const std::string& name) const;
    bool defines(EntryKind kind, const std::string& name) const;
    std::vector<std::string> known_entries(EntryKind kind) const;
    std::string unknown_entry(EntryKind kind,
                              const std::string& name,
                              const std::vector<std::string>& known) const;

    std::optional<fs::path> configs_;
    std::string name_;       // of the last file or text that was named to us
    bool resolved_ = false;  // a run file's own configuration
    std::vector<Assignment> assignments_;
    std::vector<fs::path> open_files_;          // the chain of includes being read
    std::set<fs::path> read_files_;             // an include is read once
    std::map<std::string, ConfigLine> origin_;  // full key -> what set it last
    std::set<std::string> bad_;                 // keys that are reported already
    Problems problems_;
    bool unread_file_ = false;  // what it would have set is not known: no word on unset keys
};

// ------------------------------------------------------------------------------- reading

void Loader::add_file(const fs::path& path, const ConfigLine* include) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    if (std::find(open_files_.begin(), open_files_.end(), canonical) != open_files_.end())
        return problems_.add(*include, fmt::format("'{}' includes itself through this line",
                                                   path.lexically_normal().string()));
    if (!read_files_.insert(canonical).second) return;
    auto file = read_file(path);
    if (const auto* failure = std::get_if<std::string>(&file)) {
        unread_file_ = true;
        return include != nullptr ? problems_.add(*include, *failure) : problems_.add(*failure);
    }
    auto& text = std::get<IniText>(file);
    if (include == nullptr) name_ = path.lexically_normal().string();
    open_files_.push_back(canonical);
    for (const auto& line : text.includes) add_file(path.parent_path() / line.value, &line);
    open_files_.pop_back();
    add_lines(std::move(text));
}

void Loader::add_text(std::string_view text, std::string_view name) {
    name_ = name;
    resolved_ = true;
    IniText lines = read_ini(text, name);
    for (const auto& line : lines.includes)
        problems_.add(line, "a resolved configuration has no include");
    add_lines(std::move(lines));
}

void Loader::add_lines(IniText text) {
    for (auto& problem : text.problems) problems_.add(std::move(problem));
    // within a file a name beats `*`, wherever the two stand
    std::stable_partition(text.lines.begin(), text.lines.end(), [](const ConfigLine& line) {
        return line.key.find(".*.") != std::string::npos;
    });
    for (auto& line : text.lines) add(std::move(line), false);
    for (auto& problem : read_experiment(text.runs).problems) problems_.add(std::move(problem));
}

void Loader::add_overrides(const std::vector<std::string>& overrides) {
    for (const auto& text : overrides) {
        try {
            add(read_override(text), true);
        } catch (const std::invalid_argument& error) {
            problems_.add(error.what());
        }
    }
}

void Loader::add(ConfigLine line, bool from_command_line) {
    if (problems_.full()) return;
    auto target = find_key(line.key);
    if (!target) {
        if (!resolved_ || from_command_line || !is_retired(line.key))
            problems_.add(line, explain_unknown_key(line.key));
        return;
    }
    const auto is_line_end = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
    if (std::any_of(line.value.begin(), line.value.end(), is_line_end))
        return problems_.add(line, "a line end is not accepted");
    assignments_.push_back({std::move(line), *std::move(target), from_command_line});
}

/// Reports a value that its key does not accept.
void Loader::check_value(const KeyTarget& target, const ConfigLine& line) {
    if (!normal_value(target, line.value))
        problems_.add(line, fmt::format("accepted: {}", accepted_values(target)));
}

// ----------------------------------------------------------------------------- resolving

template <typename Owner>
bool Loader::read(const Key<Owner>& key, Owner& owner, const ConfigLine& line) {
    if (key.read(owner, line.value)) return true;
    problems_.add(line, fmt::format("accepted: {}", key.accepted));
    return false;
}

template <typename Owner>
bool Loader::read(const std::vector<Key<Owner>>& keys,
                  std::string_view name,
                  Owner& owner,
                  const ConfigLine& line) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key<Owner>& one) { return one.name == name; });
    MOBI_CHECK(key != keys.end(), "find_key() knows '{}'", name);
    return read(*key, owner, line);
}

void Loader::remember(const std::string& full_name, const ConfigLine& line, bool good) {
    origin_[full_name] = line;
    if (!good) bad_.insert(full_name);
}

RunConfig Loader::resolve() {
    RunConfig config;
    for (const auto& [line, target, from_command_line] : assignments_)
        if (target.run != nullptr)
            remember(target.run->name, line, read(*target.run, config, line));
    expand_fleet(config.fleet);

    // name -> the key that names it
    std::map<std::string, std::string> devices;
    std::map<std::string, std::string> links;
    std::map<std::string, std::string> backbones;
    std::map<std::string, std::string> availability;
    for (const auto& [name, count] : config.fleet.mix) devices.emplace(name, "fleet.mix");
    for (const auto& [device, names] : config.fleet.links)
        for (const std::string& name : names) links.emplace(name, "fleet.links");
    for (const auto& [device, name] : config.fleet.backbones)
        backbones.emplace(name, "fleet.backbones");
    for (const std::string& name : config.fleet.fit) backbones.emplace(name, "fleet.fit");
    for (const auto& [device, name] : config.fleet.availability)
        availability.emplace(name, "fleet.availability");
    resolve_entries(EntryKind::Device, device_keys(), devices, config.devices);
    resolve_entries(EntryKind::Link, link_keys(), links, config.links);
    resolve_entries(EntryKind::Backbone, backbone_keys(), backbones, config.backbones);
    resolve_entries(EntryKind::Availability, availability_keys(), availability,
                    config.availability);

    add_validation(config);
    problems_.throw_if_any();
    use_figures(config, config.run.figures);
    return config;
}

Catalogue Loader::resolve_catalogue() {
    const auto all = [&](EntryKind kind) {
        std::map<std::string, std::string> used;
        for (const std::string& name : known_entries(kind)) used.emplace(name, catalogue_of(kind));
        return used;
    };
    Catalogue catalogue;
    resolve_entries(EntryKind::Device, device_keys(), all(EntryKind::Device), catalogue.devices);
    resolve_entries(EntryKind::Link, link_keys(), all(EntryKind::Link), catalogue.links);
    problems_.throw_if_any();
    return catalogue;
}

/// Turns shares into counts, puts in what `*` stands for and drops the classes that the mix does
/// not have.
void Loader::expand_fleet(FleetParameters& fleet) {
    if (fleet.devices > 0) fleet.mix = shares_of(fleet.mix, fleet.devices);
    const auto expand = [&]<typename Names>(Names& names, const std::string& key) {
        Names expanded;
        const auto rest = names.find("*");
        for (const auto& [device, count] : fleet.mix) {
            const auto own = names.find(device);
            if (own != names.end())
                expanded.insert(*own);
            else if (rest != names.end())
                expanded.emplace(device, rest->second);
        }
        for (const auto& [device, name] : names)
            if (device != "*" && !expanded.contains(device) &&
                !in_catalogue(EntryKind::Device, device) && !in_files(EntryKind::Device, device))
                add_unknown_entry(EntryKind::Device, device, key);
        names = std::move(expanded);
    };
    expand(fleet.backbones, "fleet.backbones");
    expand(fleet.links, "fleet.links");
    expand(fleet.availability, "fleet.availability");
}

template <typename Owner>
void Loader::resolve_entries(EntryKind kind,
                             const std::vector<Key<Owner>>& keys,
                             const std::map<std::string, std::string>& used,
                             std::map<std::string, Owner>& entries) {
    for (const auto& [line, target, from_command_line] : assignments_)
        if (target.run == nullptr && target.kind == kind) check_value(target, line);
    refuse_unused(kind, used);
    for (const auto& [name, used_by] : used)
        if (auto entry = resolve_entry(kind, keys, name, used_by)) entries.emplace(name, *entry);
}

template <typename Owner>
std::optional<Owner> Loader::resolve_entry(EntryKind kind,
                                           const std::vector<Key<Owner>>& keys,
                                           const std::string& name,
                                           const std::string& used_by) {
    Owner entry;
    entry.name = name;
    const auto apply_those_of = [&](auto&& wanted) {
        for (const auto& [line, target, from_command_line] : assignments_)
            if (target.run == nullptr && target.kind == kind && wanted(target.entry))
                remember(fmt::format("{}.{}.{}", section_of(kind), name, target.name), line,
                         read(keys, target.name, entry, line));
    };
    apply_those_of([](const std::string& of) { return of.empty(); });
    const bool known = apply_catalogue(kind, keys, name, entry);
    apply_those_of([&](const std::string& of) { return of == name || of == "*"; });
    if (known || in_files(kind, name)) return entry;
    add_unknown_entry(kind, name, used_by);
    return std::nullopt;
}

template <typename Owner>
bool Loader::apply_catalogue(EntryKind kind,
                             const std::vector<Key<Owner>>& keys,
                             const std::string& name,
                             Owner& entry) {
    if (!in_catalogue(kind, name)) return false;
    auto file = read_file(catalogue_file(kind, name));
    if (const auto* failure = std::get_if<std::string>(&file)) {
        problems_.add(*failure);
        return true;
    }
    auto& text = std::get<IniText>(file);
    for (auto& problem : text.problems) problems_.add(std::move(problem));
    const std::string only =
        fmt::format("an entry of the catalogue defines [{}.{}] alone", section_of(kind), name);
    for (const auto& line : text.includes) problems_.add(line, only);
    for (const auto& line : text.runs) problems_.add(line, only);
    for (const auto& line : text.lines) {
        const auto target = find_key(line.key);
        if (!target)
            problems_.add(line, explain_unknown_key(line.key));
        else if (target->run != nullptr || target->kind != kind || target->entry != name)
            problems_.add(line, only);
        else
            remember(
                line.key, line,
                read(keys, target->name, entry,
                     target->name == "profile" ? beside(line, catalogue_file(kind, name)) : line));
    }
    return true;
}

// ------------------------------------------------------------------------ names of entries

fs::path Loader::catalogue_file(EntryKind kind, const std::string& name) const {
    return *configs_ / catalogue_of(kind) / (name + ".cfg");
}

bool Loader::in_catalogue(EntryKind kind, const std::string& name) const {
    std::error_code error;
    return configs_ && fs::exists(catalogue_file(kind, name), error);
}

/// Whether anything that was read sets a key of this entry, and so defines it.
bool Loader::in_files(EntryKind kind, const std::string& name) const {
    return std::any_of(assignments_.begin(), assignments_.end(), [&](const Assignment& assignment) {
        const KeyTarget& target = assignment.target;
        return target.run == nullptr && target.kind == kind && target.entry == name;
    });
}

std::vector<std::string> Loader::known_entries(EntryKind kind) const {
    std::set<std::string> names;
    for (const auto& [line, target, from_command_line] : assignments_)
        if (target.run == nullptr && target.kind == kind && !from_command_line &&
            !target.entry.empty() && target.entry != "*")
            names.insert(target.entry);
    if (configs_) {
        std::error_code error;
        for (const auto& file : fs::directory_iterator(*configs_ / catalogue_of(kind), error))
            if (file.path().extension() == ".cfg") names.insert(file.path().stem().string());
    }
    return {names.begin(), names.end()};
}

/// An override of an entry that the fleet does not use would do nothing, and a section that neither
/// changes an entry of the catalogue nor has the figures of a new one is misspelt.
void Loader::refuse_unused(EntryKind kind, const std::map<std::string, std::string>& used) {
    // else the fleet itself is wrong, and that is reported
    if (used.empty() && kind != EntryKind::Availability) return;
    std::vector<std::string> names;
    names.reserve(used.size());
    for (const auto& [name, used_by] : used) names.push_back(name);
    for (const auto& [line, target, from_command_line] : assignments_) {
        const std::string& name = target.entry;
        if (target.run != nullptr || target.kind != kind || name.empty() || name == "*" ||
            used.contains(name))
            continue;
        if (from_command_line)
            problems_.add(
                line, fmt::format("the fleet has no {} '{}'; accepted: {}", section_of(kind), name,
                                  names.empty() ? "what fleet.availability names"
                                                : fmt::format("{}", fmt::join(names, ", "))));
        else if (!in_catalogue(kind, name) && !defines(kind, name))
            problems_.add(line, unknown_entry(kind, name, known_entries(kind)));
    }
}

/// Whether the files give an entry what it needs at least.
bool Loader::defines(EntryKind kind, const std::string& name) const {
    std::set<std::string> keys;
    for (const auto& [line, target, from_command_line] : assignments_)
        if (target.run == nullptr && target.kind == kind && target.entry == name)
            keys.insert(target.name);
    switch (kind) {
        case EntryKind::Device:
            return keys.contains("memory") && keys.contains("memory_bandwidth");
        case EntryKind::Link:
            return keys.contains("atc_profile") ||
                   ((keys.contains("uplink") || keys.contains("trace")) &&
                    (keys.contains("downlink") || keys.contains("downlink_trace")));
        case EntryKind::Backbone:
            return keys.contains("path");
        case EntryKind::Availability:
            return keys.contains("kind");
    }
    return false;
}

/// "no device 'x' in configs/devices; did you mean 'y'?"
std::string Loader::unknown_entry(EntryKind kind,
                                  const std::string& name,
                                  const std::vector<std::string>& known) const {
    std::vector<std::string> others;
    std::copy_if(known.begin(), known.end(), std::back_inserter(others),
                 [&](const std::string& other) { return other != name; });
    std::string what = fmt::format("no {} '{}'", section_of(kind), name);
    if (configs_) what += fmt::format(" in {}", (*configs_ / catalogue_of(kind)).string());
    if (configs_ && !fs::is_directory(*configs_))
        return what + ": there is no such folder in the working directory, nor above the program";
    const auto meant = nearest(name, others);
    return what + (meant ? fmt::format("; did you mean '{}'?", *meant)
                         : fmt::format("; known: {}", fmt::join(others, ", ")));
}

void Loader::add_unknown_entry(EntryKind kind,
                               const std::string& name,
                               const std::string& used_by) {
    bad_.insert(used_by);
    const std::string what = unknown_entry(kind, name, known_entries(kind));
    const auto origin = origin_.find(used_by);
    if (origin != origin_.end())
        problems_.add(origin->second, what);
    else
        problems_.add(fmt::format("{}: {}", used_by, what));
}

void Loader::add_validation(const RunConfig& config) {
    for (const auto& [key, what] : validate(config)) {
        if (bad_.contains(key)) continue;
        const auto origin = origin_.find(key);
        if (origin != origin_.end())
            problems_.add(origin->second, what);
        else if (!unread_file_)
            problems_.add(fmt::format("{}: {} is not set: {}", name_, key, what));
    }
}

}  // namespace

RunConfig load_config(const std::vector<fs::path>& files,
                      const std::vector<std::string>& overrides,
                      const fs::path& configs) {
    Loader loader(configs);
    for (const auto& file : files) loader.add_file(file);
    loader.add_overrides(overrides);
    return loader.resolve();
}

Catalogue load_catalogue(const fs::path& configs) {
    return Loader(configs).resolve_catalogue();
}

RunConfig parse_resolved(std::string_view text,
                         const std::vector<std::string>& overrides,
                         std::string_view name) {
    Loader loader(std::nullopt);
    loader.add_text(text, name);
    loader.add_overrides(overrides);
    return loader.resolve();
}

std::vector<ExperimentRun> list_runs(const fs::path& path) {
    auto file = read_file(path);
    if (const auto* failure = std::get_if<std::string>(&file)) throw ConfigError(*failure);
    const auto& text = std::get<IniText>(file);
    Problems problems;
    for (const auto& problem : text.problems) problems.add(problem);
    Experiment experiment = read_experiment(text.runs);
    for (auto& problem : experiment.problems) problems.add(std::move(problem));
    problems.throw_if_any();
    return std::move(experiment.runs);
}

}  // namespace mobi
