// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernels, written once and compiled once for each instruction set: a .cpp file defines
// MOBI_KERNELS_NAMESPACE, is compiled with the set's flags, and includes this file.
// Nothing from a header may be called here that is not always inlined: the linker could otherwise
// pick an AVX-512 copy of a standard function for the whole program.

#include "kernels/attention.hpp"
#include "kernels/kernels.hpp"
#include "kernels/rows.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

template <typename T>
constexpr KernelSet<T> kSet{attention<T>, norm<T>, activate<T>, sum_rows<T>, widen<T>};

}  // namespace

const KernelSet<float>& single_set() {
    return kSet<float>;
}
const KernelSet<Bf16>& half_set() {
    return kSet<Bf16>;
}

}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
