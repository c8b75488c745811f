// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/text_file.hpp"
#include "device/atc_profile.hpp"
#include "device/trace_file.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> traces_in(const char* folder) {
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(shared_path(folder)))
        files.push_back(file.path());
    std::sort(files.begin(), files.end());
    return files;
}

// Every measured trace loads; the faults of nine 4G tables are mended as the reader says.
TEST(TraceFileReferenceTest, EveryMeasuredTraceLoads) {
    MOBI_NEEDS_SHARED("data/net/hsdpa");
    std::size_t files = 0;
    std::size_t repeated = 0;
    for (const char* folder :
         {"data/net/hsdpa", "data/net/lumos5g_4g", "data/net/lumos5g_5g", "data/net/mahimahi"})
        for (const fs::path& path : traces_in(folder)) {
            const TraceFile file = read_trace(path.string(), TraceEnd::Wrap);
            EXPECT_GT(file.trace.mean_bits_per_s(), 1e4) << path;
            repeated += file.repeated;
            ++files;
        }
    EXPECT_GT(files, 0u);
    EXPECT_GT(repeated, 0u);
}

// Means in Mbit/s: data/README.md of the reference data.
TEST(TraceFileReferenceTest, MahimahiMeansAgreeWithTheStatedOnes) {
    MOBI_NEEDS_SHARED("data/net/mahimahi");
    const struct {
        const char* file;
        double megabits;
    } cases[] = {{"ATT-LTE-driving.up", 0.83},      {"ATT-LTE-driving.down", 5.17},
                 {"Verizon-LTE-short.up", 5.95},    {"Verizon-LTE-short.down", 5.03},
                 {"TMobile-UMTS-driving.up", 0.94}, {"TMobile-UMTS-driving.down", 2.02}};
    for (const auto& one : cases) {
        const std::string path = (shared_path("data/net/mahimahi") / one.file).string();
        const RateTrace trace = read_trace(path, TraceEnd::Wrap).trace;
        EXPECT_NEAR(trace.mean_bits_per_s() / 1e6, one.megabits, 0.006) << one.file;
    }
}

// The AT&T uplink has an outage of 78 s: what is ready at its beginning waits for its end.
TEST(TraceFileReferenceTest, ATransferWaitsForTheEndOfAnOutage) {
    MOBI_NEEDS_SHARED("data/net/mahimahi");
    const std::string path = shared_path("data/net/mahimahi/ATT-LTE-driving.up").string();
    const RateTrace trace = read_trace(path, TraceEnd::Wrap).trace;
    VirtualClock::duration longest{};
    VirtualClock::duration begin{};
    const auto& steps = trace.steps();
    for (std::size_t i = 0; i + 1 < steps.size(); ++i)
        if (steps[i].bits_per_s == 0 && steps[i + 1].begin - steps[i].begin > longest) {
            longest = steps[i + 1].begin - steps[i].begin;
            begin = steps[i].begin;
        }
    EXPECT_NEAR(std::chrono::duration<double>(longest).count(), 78, 1);
    TracedLink link(trace, {});
    const VirtualClock::time_point ready(begin);
    EXPECT_GT(link.send(ready, 1), ready + longest);
}

TEST(TraceFileReferenceTest, EveryAtcProfileLoads) {
    MOBI_NEEDS_SHARED("data/net/profiles");
    int profiles = 0;
    for (const fs::path& path : traces_in("data/net/profiles")) {
        if (path.extension() != ".json") continue;
        LinkProfile link;
        apply_atc_profile(read_text_file(path), path.string(), link);
        EXPECT_GE(link.uplink_bytes_per_s, 125) << path;
        ++profiles;
        if (path.stem() != "atc_Edge-Lossy") continue;
        EXPECT_DOUBLE_EQ(link.uplink_bytes_per_s, 25e3);
        EXPECT_DOUBLE_EQ(link.downlink_bytes_per_s, 30e3);
        EXPECT_DOUBLE_EQ(link.latency_s, 0.44);
        EXPECT_DOUBLE_EQ(link.loss, 0.01);
    }
    EXPECT_GT(profiles, 0);
}

}  // namespace
}  // namespace mobi::test
