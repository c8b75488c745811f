// SPDX-License-Identifier: Apache-2.0
#include "config/experiment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/key_names.hpp"
#include "config/value.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

/// What a variant sets.
struct Setting {
    KeyTarget target;
    ConfigLine line;
};

struct Variant {
    std::string name;
    std::vector<std::string> overrides;
};

struct List {
    ConfigLine line;
    KeyTarget target;
    std::string key;  // in full
    std::vector<std::string> values;
};

struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// `1..10`; nothing for any other word.
std::optional<Range> parse_range(std::string_view word) {
    const auto dots = word.find("..");
    if (dots == std::string_view::npos) return std::nullopt;
    const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    const auto first = number(word.substr(0, dots));
    const auto last = number(word.substr(dots + 2));
    if (!first || !last) return std::nullopt;
    return Range{*first, *last};
}

/// Whether one of the two keys would undo what the other sets.
bool overlap(const KeyTarget& a, const KeyTarget& b) {
    if (a.run != nullptr || b.run != nullptr) return a.run == b.run;
    const auto general = [](const std::string& entry) { return entry.empty() || entry == "*"; };
    return a.kind == b.kind && a.name == b.name &&
           (a.entry == b.entry || general(a.entry) || general(b.entry));
}

std::string_view last_part(std::string_view key) {
    return key.substr(key.rfind('.') + 1);
}

std::string file_safe(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-';
        safe += c == '*' ? "all" : std::string(1, kept ? c : '_');
    }
    return safe;
}

/// What stands for each value in the names of runs: the value itself, or its place in the list
/// where values are too long, have nothing to show or would look the same.
std::vector<std::string> labels(const std::vector<std::string>& values) {
    constexpr std::size_t kLongest = 40;
    std::vector<std::string> names;
    for (const std::string& value : values) names.push_back(file_safe(value));
    const bool readable =
        std::set<std::string>(names.begin(), names.end()).size() == names.size() &&
        std::all_of(names.begin(), names.end(), [](const std::string& name) {
            return !name.empty() && name.size() <= kLongest;
        });
    if (!readable)
        for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::to_string(i + 1);
    return names;
}

class Expander {
  public:
    void read(const ConfigLine& line) {
        try {
            const auto words = split_arguments(line.value);
            if (is_list(line.key, words))
                read_list(line, words);
            else
                read_variant(line, words);
        } catch (const std::invalid_argument& error) {
            problem(line, error.what());
        }
    }

    Experiment take() {
        refuse_overlaps();
        if (experiment_.problems.empty() && is_small_enough()) multiply();
        return std::move(experiment_);
    }

  private:
    void problem(const ConfigLine& line, std::string_view what) {
        experiment_.problems.push_back(problem_text(line, what));
    }

    static bool is_list(std::string_view name, const std::vector<std::string>& words) {
        if (name.find('.') != std::string_view::npos) return true;
        if (words.empty()) return !keys_called(name).empty();
        return !words[0].starts_with("--") && words[0].find('=') == std::string::npos;
    }

    void read_variant(const ConfigLine& line, const std::vector<std::string>& words) {
        if (!is_entry_name(line.key))
            return problem(line, "a run's name has letters, digits, _ and -");
        Variant variant{line.key, {}};
        for (std::string word : words) {
            if (word == "--set") continue;
            if (word.starts_with("--set=")) word.erase(0, 6);
            ConfigLine setting = read_override(word);
            setting.where = fmt::format("{}: {}", line.where, line.key);
            if (auto target = find_key(setting.key); !target)
                problem(setting, explain_unknown_key(setting.key));
            else if (!normal_value(*target, setting.value))
                problem(setting, fmt::format("accepted: {}", accepted_values(*target)));
            else
                settings_.push_back({*std::move(target), std::move(setting)});
            variant.overrides.push_back(std::move(word));
        }
        variants_.push_back(std::move(variant));
    }

    void read_list(const ConfigLine& line, const std::vector<std::string>& words) {
        const auto key = full_key(line);
        if (!key) return;
        auto target = find_key(*key);
        if (!target) return problem(line, explain_unknown_key(*key));
        if (target->run != nullptr && target->run->host_only)
            return problem(line, "not part of what a run is: all would be the same run");
        if (words.empty())
            return problem(line, "an empty list; accepted: values between blanks, or 1..10");
        auto values = values_of(line, *target, words);
        lists_.push_back({line, *std::move(target), *key, std::move(values)});
    }

    std::optional<std::string> full_key(const ConfigLine& line) {
        if (line.key.find('.') != std::string::npos) return line.key;
        const auto keys = keys_called(line.key);
        if (keys.size() == 1) return keys.front();
        if (!keys.empty())
            problem(line, fmt::format("several keys have this name: {}", fmt::join(keys, ", ")));
        else
            problem(line, fmt::format("{}; or, for a run of this name, --set key=value",
                                      explain_unknown_key(line.key)));
        return std::nullopt;
    }

    std::vector<std::string> values_of(const ConfigLine& line,
                                       const KeyTarget& target,
                                       const std::vector<std::string>& words) {
        std::vector<std::string> values;
        std::map<std::string, std::string> seen;  // as the key writes it -> as it was given
        for (std::size_t i = 0; i < words.size(); ++i) {
            const ConfigLine word{line.where, line.key, words[i]};
            for (const std::string& value : expand(word)) {
                const auto normal = normal_value(target, value);
                if (!normal) {
                    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
                    const bool is_half = normal_value(target, value + ' ' + next).has_value();
                    problem({line.where, line.key, value}, refusal(target, value, is_half, next));
                    if (is_half) ++i;
                    break;
                }
                const auto [first, is_new] = seen.try_emplace(*normal, value);
                if (!is_new)
                    problem(line,
                            fmt::format("{} and {} are the same value", first->second, value));
                values.push_back(value);
            }
        }
        return values;
    }

    /// The values that a word of a list stands for.
    std::vector<std::string> expand(const ConfigLine& word) {
        const auto range = parse_range(word.value);
        if (!range) return {word.value};
        std::vector<std::string> values;
        const auto size =
            static_cast<std::uint64_t>(range->last) - static_cast<std::uint64_t>(range->first);
        if (range->last < range->first)
            problem(word, "an empty range: its last number is below its first");
        else if (size >= kMostRuns)
            problem(word, fmt::format("accepted: at most {} runs", kMostRuns));
        else
            for (std::uint64_t i = 0; i <= size; ++i)
                values.push_back(std::to_string(range->first + static_cast<std::int64_t>(i)));
        return values;
    }

    /// Why a word is no value; \p is_half: with the next one it would be.
    static std::string refusal(const KeyTarget& target,
                               const std::string& word,
                               bool is_half,
                               const std::string& next) {
        std::string text = fmt::format("accepted: {}", accepted_values(target));
        if (is_half)
            text += fmt::format("; a value with a blank is in quotes: \"{} {}\"", word, next);
        else if (word.find("..") != std::string::npos)
            text += "; a range is two whole numbers, 1..10";
        return text;
    }

    void refuse_overlaps() {
        const auto check = [&](const ConfigLine& line, const KeyTarget& target, const List& list) {
            if (overlap(target, list.target))
                problem(line, fmt::format("{} is a list of the same key, at {}", list.line.key,
                                          list.line.where));
        };
        for (auto list = lists_.begin(); list != lists_.end(); ++list) {
            for (auto other = lists_.begin(); other != list; ++other)
                check(list->line, list->target, *other);
            for (const Setting& setting : settings_) check(setting.line, setting.target, *list);
        }
    }

    bool is_small_enough() {
        std::size_t runs = std::max<std::size_t>(1, variants_.size());
        for (const List& list : lists_) {
            runs *= list.values.size();  // no overflow: both are small
            if (runs > kMostRuns) {
                problem(list.line,
                        fmt::format("[runs] would be more than {} runs with this list", kMostRuns));
                return false;
            }
        }
        return true;
    }

    /// The key in the names of runs: its last part where no other list has the same.
    std::string short_key(const List& list) const {
        const auto same = std::count_if(lists_.begin(), lists_.end(), [&](const List& other) {
            return last_part(other.key) == last_part(list.key);
        });
        return file_safe(same == 1 ? last_part(list.key) : std::string_view(list.key));
    }

    void multiply() {
        std::vector<ExperimentRun> runs;
        for (const Variant& variant : variants_) runs.push_back({variant.name, variant.overrides});
        if (runs.empty() && !lists_.empty()) runs.emplace_back();
        for (const List& list : lists_) {
            const std::string key = short_key(list);
            const auto names = labels(list.values);
            std::vector<ExperimentRun> product;
            for (const ExperimentRun& run : runs)
                for (std::size_t i = 0; i < names.size(); ++i) {
                    ExperimentRun& next = product.emplace_back(run);
                    next.name += fmt::format("{}{}={}", run.name.empty() ? "" : "-", key, names[i]);
                    next.overrides.push_back(fmt::format("{}={}", list.key, list.values[i]));
                }
            runs = std::move(product);
        }
        constexpr std::size_t kLongestName = 200;  // a file has 255, with its endings
        for (const ExperimentRun& run : runs)
            if (!lists_.empty() && run.name.size() > kLongestName)
                return problem(lists_.back().line,
                               fmt::format("the name of a run would have {} characters, at most "
                                           "{} are accepted: {}",
                                           run.name.size(), kLongestName, run.name));
        experiment_.runs = std::move(runs);
    }

    std::vector<Variant> variants_;
    std::vector<Setting> settings_;  // of all variants
    std::vector<List> lists_;
    Experiment experiment_;
};

}  // namespace

Experiment read_experiment(std::span<const ConfigLine> lines) {
    Expander expander;
    for (const ConfigLine& line : lines) expander.read(line);
    return expander.take();
}

}  // namespace mobi
