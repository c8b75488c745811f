// SPDX-License-Identifier: Apache-2.0
#define MOBI_KERNELS_NAMESPACE avx2
#include "kernels/body.hpp"
