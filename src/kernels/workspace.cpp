// SPDX-License-Identifier: Apache-2.0
#include "kernels/workspace.hpp"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

namespace mobi {
namespace {

/// Grows `matrix` to at least `rows` x `columns`; what it held is lost.
void reserve(at::Tensor& matrix, std::size_t rows, std::size_t columns, at::ScalarType type) {
    const auto wanted = static_cast<std::int64_t>(rows);
    const auto width = static_cast<std::int64_t>(columns);
    if (width == 0) return;
    if (matrix.defined() && matrix.size(0) >= wanted && matrix.size(1) == width) return;
    matrix = at::zeros({wanted, width}, type);
}

}  // namespace

at::Tensor rows_of(const at::Tensor& matrix, std::size_t first, std::size_t count) {
    return matrix.narrow(0, static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
}

WorkspacePool::Lease WorkspacePool::lease(const WorkspaceShape& shape) {
    std::unique_ptr<Workspace> space;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            space = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!space) space = std::make_unique<Workspace>();
    const std::size_t rows = padded_rows(shape.tokens);
    reserve(space->states, rows, shape.width, type_);
    reserve(space->qkv, rows, shape.qkv, type_);
    reserve(space->context, rows, shape.context, type_);
    reserve(space->words, kRowBlock, shape.words, type_);
    reserve(space->product, kRowBlock, shape.width, type_);
    reserve(space->normed, kRowBlock, shape.width, type_);
    reserve(space->hidden, kRowBlock, shape.hidden, type_);
    reserve(space->gated, kRowBlock, shape.gated, type_);
    const auto scratch = static_cast<std::int64_t>(shape.scratch);
    if (!space->scratch.defined() || space->scratch.size(0) < scratch)
        space->scratch = at::zeros({scratch}, at::kFloat);
    return {space.release(), [this](Workspace* used) {
                std::unique_ptr<Workspace> returned(used);
                const std::lock_guard lock(mutex_);
                idle_.push_back(std::move(returned));
            }};
}

}  // namespace mobi
