// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mobi {

/// Version of the LibTorch that the program runs with, e.g. `1.13.1`.
std::string libtorch_version();

/// Lets the calling thread compute with that many threads.
void use_threads(int count);

/// Whether matrix products run on the reference BLAS, which is about 80 times slower than OpenBLAS;
/// read from the libraries that the process has mapped.
bool runs_on_reference_blas();

}  // namespace mobi
