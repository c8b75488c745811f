// SPDX-License-Identifier: Apache-2.0
#include "core/text_file.hpp"

#include <fstream>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/foreign_format.hpp"

namespace mobi {

std::string_view fetch_command(const std::filesystem::path& path) {
    const std::string text = "/" + path.lexically_normal().generic_string();
    if (text.find("/data/cache/backbones") != std::string::npos)
        return "data/fetch_backbones.sh fetches it";
    if (text.find("/data/cache/wordnet_all") != std::string::npos)
        return "data/fetch_wordnet.sh --all fetches it";
    if (text.find("/data/cache/wordnet") != std::string::npos)
        return "data/fetch_wordnet.sh fetches it";
    return {};
}

std::string read_text_file(const std::filesystem::path& path,
                           std::string_view expected,
                           std::size_t most) {
    const auto refuse = [&](const std::string& what, std::string_view help) {
        throw DataError(
            fmt::format("{}: {}{}{}", path.string(), what, help.empty() ? "" : "; ", help));
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::none)
        refuse("cannot open: " + error.message(), {});
    if (!std::filesystem::exists(status)) {
        const std::string_view command = fetch_command(path);
        refuse("no such file", command.empty() ? expected : command);
    }
    if (std::filesystem::is_directory(status)) refuse("not a regular file but a folder", expected);
    if (!std::filesystem::is_regular_file(status)) refuse("not a regular file", expected);
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) refuse("cannot be read", {});
    if (size > most)
        throw DataError(fmt::format("{}: {} bytes; accepted: up to {}", path.string(), size, most));
    std::ifstream file(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    file.read(text.data(), static_cast<std::streamsize>(size));
    if (!file) refuse("cannot be read", {});
    if (const auto format = foreign_format(text))
        throw DataError(foreign_format_message(path, *format, "text"));
    return text;
}

}  // namespace mobi
