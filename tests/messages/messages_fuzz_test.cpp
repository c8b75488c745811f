// SPDX-License-Identifier: Apache-2.0
// Drives the fuzz target with changes of valid messages that are the same on every run.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "messages/bundle.hpp"
#include "messages/message_samples.hpp"
#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(MessagesFuzzTest, ChangedMessagesAreRefusedOrWhole) {
    std::vector<std::string> seeds;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        MessageSamples samples(seed);
        Bundle bundle;
        bundle.add(samples.bytes(30));
        bundle.add(samples.bytes(30));
        const Bytes messages[] = {encode_setup(samples.setup()),
                                  encode_request(samples.request()),
                                  encode_content(samples.content()),
                                  encode_result(samples.result()),
                                  encode_report(samples.report()),
                                  encode_worker_report(samples.worker_report()),
                                  encode_pace_plan(samples.pace_plan()),
                                  encode_segment(samples.segment()),
                                  encode_pace_report(samples.pace_report()),
                                  bundle.take()};
        char choice = 0;
        for (const Bytes& message : messages) {
            std::string& input = seeds.emplace_back(1, choice++);
            input.append(reinterpret_cast<const char*>(message.data()), message.size());
        }
    }
    using namespace std::string_view_literals;
    constexpr std::array tokens{"\0\0\0\0"sv, "\1\0\0\0"sv, "\xff\xff\xff\xff"sv, "\2"sv,
                                "\0\0\0\x80"sv};
    replay_mutations(seeds, tokens, 50'000);
}

}  // namespace
}  // namespace mobi::test
