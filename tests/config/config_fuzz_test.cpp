// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "config/dump.hpp"
#include "core/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mobi::test {
namespace {

constexpr std::string_view kSmall = R"([data]
train = "a # b"
test = t.tsv
[fleet]
mix = a:2 b:1
backbones = *:x
links = a:l *:l
[device.*]
memory = 1 GB
memory_bandwidth = 1 GB/s
rate_fp16 = 1 TFLOP/s
[device.a]
t0 = 3 ms
[device.b]
power_idle = unknown
[link.l]
uplink = 5 Mbit/s
downlink = 5 Mbit/s
power_up_slope = 76.7 mW per Mbit/s
[backbone.x]
path = p
[runs]
r = --set server.batch=3 "device.a.memory=4 GiB"
seed = 1..3 7
data.alpha = 0.1 "1"
)";

void feed(std::string_view text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string changed(std::string text, RandomStream& stream, std::string_view other) {
    for (auto changes = 1 + stream.below(4); changes > 0; --changes) {
        const auto at = stream.below(text.size() + 1);
        const auto length = stream.below(20);
        switch (stream.below(5)) {
            case 0:
                text.insert(at, 1, static_cast<char>(stream.below(256)));
                break;
            case 1:
                if (at < text.size()) text[at] = static_cast<char>(stream.below(256));
                break;
            case 2:
                text.erase(at, length);
                break;
            case 3:
                text.insert(at, other.substr(stream.below(other.size()), length));
                break;
            default:
                text.resize(at);
        }
    }
    return text;
}

TEST(ConfigFuzzTest, ChangedConfigurationsAreReadOrRefused) {
    const std::string defaults = print_defaults();
    RandomStream stream(1, Purpose::Test);
    feed(kSmall);
    for (int i = 0; i < 4000; ++i) feed(changed(std::string(kSmall), stream, defaults));
    for (int i = 0; i < 200; ++i) feed(changed(defaults, stream, kSmall));
}

}  // namespace
}  // namespace mobi::test
