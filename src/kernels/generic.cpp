// SPDX-License-Identifier: Apache-2.0
#define MOBI_KERNELS_NAMESPACE generic
#include "kernels/body.hpp"
