// SPDX-License-Identifier: Apache-2.0
#include "messages/worker_setup.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "messages/message_samples.hpp"

namespace mobi::test {
namespace {

void expect_same(const WorkerSetup::Backbone& got, const WorkerSetup::Backbone& sent) {
    EXPECT_EQ(got.parameters.name, sent.parameters.name);
    EXPECT_EQ(got.parameters.path, sent.parameters.path);
    EXPECT_EQ(got.parameters.layers, sent.parameters.layers);
    EXPECT_EQ(got.parameters.weights, sent.parameters.weights);
    EXPECT_EQ(got.parameters.weight_dtype, sent.parameters.weight_dtype);
    EXPECT_EQ(got.parameters.resident_embedding, sent.parameters.resident_embedding);
    EXPECT_EQ(got.pivot, sent.pivot);
    EXPECT_EQ(got.tap_layers, sent.tap_layers);
    EXPECT_EQ(got.layout, sent.layout);
    EXPECT_EQ(got.class_words, sent.class_words);
}

void expect_same(const WorkerSetup& got, const WorkerSetup& sent) {
    EXPECT_EQ(got.method, sent.method);
    EXPECT_EQ(got.seed, sent.seed);
    EXPECT_EQ(got.classes, sent.classes);
    EXPECT_EQ(got.threads, sent.threads);
    EXPECT_EQ(got.forward, sent.forward);
    EXPECT_EQ(got.measure_peak, sent.measure_peak);
    EXPECT_EQ(got.arithmetic, sent.arithmetic);
    EXPECT_EQ(got.batch_tokens, sent.batch_tokens);
    EXPECT_EQ(got.residual.output, sent.residual.output);
    EXPECT_EQ(got.residual.head, sent.residual.head);
    EXPECT_EQ(got.cache, sent.cache);
    ASSERT_EQ(got.backbones.size(), sent.backbones.size());
    for (std::size_t i = 0; i < got.backbones.size(); ++i)
        expect_same(got.backbones[i], sent.backbones[i]);
}

TEST(WorkerSetupTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        const WorkerSetup sent = MessageSamples(seed).setup();
        const Bytes bytes = encode_setup(sent);
        const WorkerSetup got = decode_setup(bytes);
        expect_same(got, sent);
        EXPECT_EQ(encode_setup(got), bytes);
    }
}

TEST(WorkerSetupTest, TheDefaultsComeBackToo) {
    expect_same(decode_setup(encode_setup({})), {});
}

TEST(WorkerSetupTest, EveryOtherLengthIsRefused) {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        expect_no_other_length(encode_setup(MessageSamples(seed).setup()), "worker setup",
                               decode_setup);
}

TEST(WorkerSetupTest, NothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        expect_nothing_else_is_read(encode_setup(MessageSamples(seed).setup()), seed, encode_setup,
                                    decode_setup);
}

/// Where the bytes of two messages differ; they are of one length.
std::size_t first_difference(const Bytes& a, const Bytes& b) {
    std::size_t at = 0;
    while (a.at(at) == b.at(at)) ++at;
    return at;
}

TEST(WorkerSetupTest, NoEnumeratorIsOutOfItsRange) {
    const auto with = [](auto change) {
        WorkerSetup setup;
        setup.backbones.resize(1);
        change(setup);
        return encode_setup(setup);
    };
    const auto check = [&](const char* field, auto first, auto last, std::int32_t enumerators) {
        Bytes bytes = with(last);
        const std::size_t at = first_difference(with(first), bytes);
        for (const std::int32_t value : {enumerators, -1, 1 << 24}) {
            std::memcpy(bytes.data() + at, &value, sizeof value);
            EXPECT_EQ(refusal(bytes, decode_setup), "worker setup: an enumerator out of range")
                << field << " = " << value;
        }
    };
    check(
        "arithmetic", [](WorkerSetup& s) { s.arithmetic = Precision::Fp32; },
        [](WorkerSetup& s) { s.arithmetic = Precision::Int4; }, 5);
    check(
        "output", [](WorkerSetup& s) { s.residual.output = ResidualOutput::Softmax; },
        [](WorkerSetup& s) { s.residual.output = ResidualOutput::Zero; }, 3);
    check(
        "head", [](WorkerSetup& s) { s.residual.head = ResidualHeadKind::FrozenRandom; },
        [](WorkerSetup& s) { s.residual.head = ResidualHeadKind::None; }, 4);
    check(
        "weights", [](WorkerSetup& s) { s.backbones[0].parameters.weights = WeightSource::Folder; },
        [](WorkerSetup& s) { s.backbones[0].parameters.weights = WeightSource::Random; }, 2);
    check(
        "weight_dtype",
        [](WorkerSetup& s) { s.backbones[0].parameters.weight_dtype = Precision::Fp32; },
        [](WorkerSetup& s) { s.backbones[0].parameters.weight_dtype = Precision::Int4; }, 5);
    check(
        "pivot", [](WorkerSetup& s) { s.backbones[0].pivot = Pivot::Auto; },
        [](WorkerSetup& s) { s.backbones[0].pivot = Pivot::Mean; }, 4);
    check(
        "dtype", [](WorkerSetup& s) { s.backbones[0].layout.dtype = Precision::Fp32; },
        [](WorkerSetup& s) { s.backbones[0].layout.dtype = Precision::Int4; }, 5);
}

TEST(WorkerSetupTest, AFlagIsZeroOrOne) {
    WorkerSetup setup;
    setup.forward = false;
    const Bytes without = encode_setup(setup);
    setup.forward = true;
    Bytes bytes = encode_setup(setup);
    bytes[first_difference(without, bytes)] = std::byte{2};
    EXPECT_EQ(refusal(bytes, decode_setup), "worker setup: a flag that is neither 0 nor 1");
}

TEST(WorkerSetupTest, ACountThatTheMessageCannotHoldReservesNothing) {
    WorkerSetup setup;
    setup.backbones.resize(1);
    const Bytes shorter = encode_setup(setup);
    const std::uint32_t many = 0xffffffff;
    for (std::size_t at = 0; at + sizeof many <= shorter.size(); ++at) {
        Bytes bytes = shorter;
        std::memcpy(bytes.data() + at, &many, sizeof many);
        try {
            EXPECT_EQ(encode_setup(decode_setup(bytes)), bytes) << at;
        } catch (const TransportError&) {  // and nothing worse, such as std::bad_alloc
        }
    }
}

}  // namespace
}  // namespace mobi::test
