// SPDX-License-Identifier: Apache-2.0
#include "app/bench.hpp"

#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/output.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {

std::vector<std::int32_t> read_numbers(std::istream& text,
                                       char separator,
                                       const std::string& name,
                                       std::int32_t most) {
    std::vector<std::int32_t> numbers;
    std::string part;
    for (int line = 1; std::getline(text, part, separator); ++line) {
        const std::string word(trim(part));
        if (word.empty() || word.front() == '#') continue;
        std::int32_t number = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (error != std::errc() || end != word.data() + word.size() || number < 1 || number > most)
            throw ConfigError(fmt::format("{}:{}: '{}': accepted: whole numbers from 1 to {}", name,
                                          line, word, most));
        numbers.push_back(number);
    }
    if (numbers.empty()) throw ConfigError(name + ": holds no number");
    return numbers;
}

std::vector<std::int32_t> read_numbers(const std::string& option,
                                       const std::string& value,
                                       std::int32_t most) {
    std::istringstream words(value);
    return read_numbers(words, ',', option, most);
}

int bench_command(std::span<const std::string> words) {
    constexpr std::string_view kUsage =
        "usage: fedmobillm bench forward FOLDER | server CONFIG... | timeline | transport "
        "[OPTION]...; "
        "--help after each";
    if (words.empty()) throw ConfigError(std::string(kUsage));
    if (words[0] == "--help") {
        print_output("{}\n", kUsage);
        return 0;
    }
    if (words[0] == "forward") return bench_forward_command(words.subspan(1));
    if (words[0] == "server") return bench_server_command(words.subspan(1));
    if (words[0] == "timeline") return bench_timeline_command(words.subspan(1));
    if (words[0] == "transport") return bench_transport_command(words.subspan(1));
    throw ConfigError(
        fmt::format("bench {}: accepted: forward, server, timeline or transport", words[0]));
}

}  // namespace mobi
