// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace mobi::test {

/// A golden number must not depend on how a library splits a sum.
inline void use_one_thread() {
    at::set_num_threads(1);
}

/// A folder of the current test's own, removed at the end of the scope.
class TempFolder {
  public:
    TempFolder() {
        std::random_device entropy;
        path_ = std::filesystem::temp_directory_path() /
                ("mobi_test_" + std::to_string(entropy()) + std::to_string(entropy()));
        std::filesystem::create_directories(path_);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace mobi::test
