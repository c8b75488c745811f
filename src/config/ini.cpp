// SPDX-License-Identifier: Apache-2.0
#include "config/ini.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "core/text.hpp"

namespace mobi {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool is_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.' || c == '*';
    });
}

/// Ends of a quoted value that begins at text[0]: the position behind its closing quote.
std::size_t quoted_end(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i + 1;
    }
    return std::string_view::npos;
}

/// `text` up to a # outside quotes.
std::string_view without_comment(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quote != 0)
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else if (text[i] == '#')
            return text.substr(0, i);
    }
    return text;
}

class Reader {
  public:
    explicit Reader(std::string_view name) : name_(name) {}

    void line(std::string_view line, int number) {
        where_ = fmt::format("{}:{}", name_, number);
        line = trim(line);
        if (line.empty() || line.front() == '#') return;
        if (std::any_of(line.begin(), line.end(), is_control))
            control_character();
        else if (line.front() == '[')
            section(line);
        else
            assignment(line);
    }

    IniText take() { return std::move(text_); }

  private:
    /// A file that is no text at all has one on every line.
    void control_character() {
        if (!control_seen_) problem("a control character is not accepted");
        control_seen_ = true;
    }

    void problem(std::string_view what) {
        text_.problems.push_back(fmt::format("{}: {}", where_, what));
    }

    void section(std::string_view line) {
        line = trim(line.substr(0, line.find('#')));
        const auto name = trim(line.substr(1, line.size() - 2));
        // which keys the lines below set is not known when the section has no name
        section_known_ = line.back() == ']' && is_name(name);
        in_section_ = true;
        if (section_known_)
            section_ = name;
        else
            problem(
                fmt::format("{}: accepted: [section] or [section.name], with letters a to z, "
                            "digits, _, -, . and *; the lines below it are not looked at",
                            line));
    }

    void assignment(std::string_view line) {
        const auto equals = line.find('=');
        const auto name = trim(line.substr(0, equals));
        if (equals == std::string_view::npos || !is_name(name))
            return problem(
                fmt::format("{}: accepted: [section], key = value, or # and a comment", line));
        if (!section_known_) return;
        const auto value = trim(line.substr(equals + 1));
        const std::string key =
            in_section_ ? fmt::format("{}.{}", section_, name) : std::string(name);
        if (section_ != "runs") return plain(key, value);
        keep(text_.runs, {where_, std::string(name), std::string(trim(without_comment(value)))});
    }

    void plain(const std::string& key, std::string_view value) {
        std::string text;
        try {
            text = unquote_value(value.starts_with('"') ? value : value.substr(0, value.find('#')));
        } catch (const std::invalid_argument& error) {
            return problem(fmt::format("{} = {}: {}", key, value, error.what()));
        }
        if (key == "include")
            text_.includes.push_back({where_, key, text});
        else
            keep(text_.lines, {where_, key, text});
    }

    void keep(std::vector<ConfigLine>& lines, ConfigLine line) {
        const bool is_run = &lines == &text_.runs;
        const auto [first, is_new] =
            first_.try_emplace((is_run ? "runs " : "") + line.key, line.where);
        if (!is_new)
            return problem(fmt::format("{} = {}: given twice, first at {}", line.key, line.value,
                                       first->second));
        lines.push_back(std::move(line));
    }

    std::string_view name_;
    std::string where_;
    std::string section_;
    bool in_section_ = false;
    bool section_known_ = true;  // false below a header that cannot be read
    bool control_seen_ = false;
    std::map<std::string, std::string> first_;  // key -> where
    IniText text_;
};

}  // namespace

std::string problem_text(const ConfigLine& line, std::string_view what) {
    return fmt::format("{}: {} = {}: {}", line.where, line.key, line.value, what);
}

ConfigLine read_override(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
        throw std::invalid_argument(fmt::format("--set {}: accepted: key=value", text));
    try {
        return {"--set", std::string(trim(std::string_view(text).substr(0, equals))),
                unquote_value(std::string_view(text).substr(equals + 1))};
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--set {}: {}", text, error.what()));
    }
}

IniText read_ini(std::string_view text, std::string_view name) {
    text = without_byte_order_mark(text);
    Reader reader(name);
    for (int number = 1; !text.empty(); ++number) reader.line(take_line(text), number);
    return reader.take();
}

std::string quote_value(std::string_view value) {
    const bool plain = trim(value) == value && !value.starts_with('"') &&
                       value.find('#') == std::string_view::npos;
    if (plain) return std::string(value);
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

std::string unquote_value(std::string_view value) {
    value = trim(value);
    if (!value.starts_with('"')) return std::string(value);
    const auto end = quoted_end(value);
    if (end == std::string_view::npos) throw std::invalid_argument("the closing quote is missing");
    const auto rest = trim(value.substr(end));
    if (!rest.empty() && rest.front() != '#')
        throw std::invalid_argument("nothing is accepted behind the closing quote");
    std::string text;
    for (std::size_t i = 1; i + 1 < end; ++i) {
        if (value[i] == '\\') ++i;
        text += value[i];
    }
    return text;
}

std::vector<std::string> split_arguments(std::string_view text) {
    std::vector<std::string> words;
    char quote = 0;
    bool in_word = false;
    for (const char c : text) {
        if (quote != 0 && c != quote) {
            words.back() += c;
        } else if (quote != 0) {
            quote = 0;
        } else if (c == ' ' || c == '\t') {
            in_word = false;
        } else {
            if (!in_word) words.emplace_back();
            in_word = true;
            if (c == '"' || c == '\'')
                quote = c;
            else
                words.back() += c;
        }
    }
    if (quote != 0) throw std::invalid_argument("a closing quote is missing");
    return words;
}

}  // namespace mobi
