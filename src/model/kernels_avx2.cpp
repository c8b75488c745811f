// SPDX-License-Identifier: Apache-2.0
#define MOBI_KERNELS_NAMESPACE avx2
#include "model/kernels_body.hpp"
