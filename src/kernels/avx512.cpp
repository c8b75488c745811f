// SPDX-License-Identifier: Apache-2.0
#define MOBI_KERNELS_NAMESPACE avx512
#include "kernels/body.hpp"
