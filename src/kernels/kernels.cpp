// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernels.hpp"

#include <algorithm>
#include <vector>

namespace mobi::kernels {

#define MOBI_DECLARE_SETS(isa)            \
    namespace isa {                       \
    const KernelSet<float>& single_set(); \
    const KernelSet<Bf16>& half_set();    \
    }
MOBI_DECLARE_SETS(generic)
#if defined(MOBI_X86_KERNELS)
MOBI_DECLARE_SETS(avx2)
MOBI_DECLARE_SETS(avx512)
#endif

namespace {

std::vector<InstructionSet> usable_sets() {
    std::vector<InstructionSet> sets{{"generic", &generic::single_set(), &generic::half_set()}};
#if defined(MOBI_X86_KERNELS)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        sets.push_back({"avx2", &avx2::single_set(), &avx2::half_set()});
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        sets.push_back({"avx512", &avx512::single_set(), &avx512::half_set()});
#endif
    return sets;
}

}  // namespace

std::span<const InstructionSet> instruction_sets() {
    static const std::vector<InstructionSet> sets = usable_sets();
    return sets;
}

template <>
const KernelSet<float>& best<float>() {
    return *instruction_sets().back().single;
}
template <>
const KernelSet<Bf16>& best<Bf16>() {
    return *instruction_sets().back().half;
}

std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim) {
    const std::size_t keys = (tokens + 15) / 16 * 16;
    const std::size_t dims = (head_dim + 15) / 16 * 16;
    return head_dim * keys + tokens * dims + 8 * dims + 8 * std::max(keys, dims);
}

}  // namespace mobi::kernels
