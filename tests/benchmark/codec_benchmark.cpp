// SPDX-License-Identifier: Apache-2.0
// Codec throughput on one core, in bytes of fp32 input (encode) or output (decode) a second, beside
// memcpy as the ceiling.
#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/rng.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

constexpr std::size_t kWidth = 768;
constexpr std::size_t kVectors = 8 * 12;

std::vector<float> rows() {
    RandomStream stream(1, Purpose::Test);
    std::vector<float> values(kWidth * kVectors);
    for (float& value : values) value = static_cast<float>(stream.normal());
    return values;
}

void count_bytes(benchmark::State& state) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(4 * kWidth * kVectors));
}

void encode(benchmark::State& state, Precision precision) {
    const std::vector<float> values = rows();
    std::vector<std::byte> codes(kVectors * vector_bytes(precision, kWidth));
    std::vector<float> scales(has_scale(precision) ? kVectors : 0);
    for (auto _ : state) {
        encode_vectors(precision, values, kWidth, codes, scales);
        benchmark::DoNotOptimize(codes.data());
        benchmark::ClobberMemory();
    }
    count_bytes(state);
}

void decode(benchmark::State& state, Precision precision) {
    std::vector<float> values = rows();
    std::vector<std::byte> codes(kVectors * vector_bytes(precision, kWidth));
    std::vector<float> scales(has_scale(precision) ? kVectors : 0);
    encode_vectors(precision, values, kWidth, codes, scales);
    for (auto _ : state) {
        decode_vectors(precision, codes, scales, kWidth, values);
        benchmark::DoNotOptimize(values.data());
        benchmark::ClobberMemory();
    }
    count_bytes(state);
}

void copy(benchmark::State& state) {
    const std::vector<float> values = rows();
    std::vector<float> target(values.size());
    for (auto _ : state) {
        std::memcpy(target.data(), values.data(), 4 * values.size());
        benchmark::DoNotOptimize(target.data());
        benchmark::ClobberMemory();
    }
    count_bytes(state);
}

BENCHMARK(copy);
BENCHMARK_CAPTURE(encode, fp32, Precision::Fp32);
BENCHMARK_CAPTURE(encode, fp16, Precision::Fp16);
BENCHMARK_CAPTURE(encode, bf16, Precision::Bf16);
BENCHMARK_CAPTURE(encode, int8, Precision::Int8);
BENCHMARK_CAPTURE(encode, int4, Precision::Int4);
BENCHMARK_CAPTURE(decode, fp32, Precision::Fp32);
BENCHMARK_CAPTURE(decode, fp16, Precision::Fp16);
BENCHMARK_CAPTURE(decode, bf16, Precision::Bf16);
BENCHMARK_CAPTURE(decode, int8, Precision::Int8);
BENCHMARK_CAPTURE(decode, int4, Precision::Int4);

}  // namespace
}  // namespace mobi
