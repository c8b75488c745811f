// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "core/archive.hpp"
#include "weights/named_tensors.hpp"

namespace mobi {

/// The numbers of float32 tensors, in place: both sides know names and shapes.
/// \throws TransportError  when the archive ends before.
void archive_tensor(Archive& archive, at::Tensor& tensor);
void archive_tensors(Archive& archive, const NamedTensors& tensors);

}  // namespace mobi
