// SPDX-License-Identifier: Apache-2.0
// What parts of the program print, or why they refuse to.
#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {

using Words = std::vector<std::string>;

/// What `part` prints on standard output.
template <typename Part>
std::string printed_by(Part&& part) {
    ::testing::internal::CaptureStdout();
    try {
        std::forward<Part>(part)();
    } catch (...) {
        std::fflush(stdout);
        ::testing::internal::GetCapturedStdout();
        throw;
    }
    std::fflush(stdout);
    return ::testing::internal::GetCapturedStdout();
}

/// The exit code of a subcommand, and what it prints.
struct Answer {
    int code = 0;
    std::string text;
};

template <typename Command>
Answer answer_of(Command&& command, const Words& words) {
    Answer answer;
    answer.text = printed_by([&] { answer.code = command(words); });
    return answer;
}

/// The exit code that `part` ends with and its line, as `2: text`; "accepted" if it does not.
template <typename Part>
std::string refusal_by(Part&& part) {
    try {
        printed_by(std::forward<Part>(part));
    } catch (const Error& error) {
        return std::to_string(error.exit_code()) + ": " + error.what();
    }
    return "accepted";
}

}  // namespace mobi::test
