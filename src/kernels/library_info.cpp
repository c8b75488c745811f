// SPDX-License-Identifier: Apache-2.0
#include "kernels/library_info.hpp"

#include <fstream>

#include <ATen/Parallel.h>
#include <torch/version.h>

namespace mobi {

std::string libtorch_version() {
    return TORCH_VERSION;
}

void use_threads(int count) {
    at::set_num_threads(count);
}

bool runs_on_reference_blas() {
    // Which BLAS the dynamic linker took is written in the process's own map; Debian keeps the
    // reference implementation in a folder named blas, others have names of their own.
    std::ifstream maps("/proc/self/maps");
    bool reference = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("openblas") != std::string::npos || line.find("mkl") != std::string::npos ||
            line.find("blis") != std::string::npos || line.find("atlas") != std::string::npos)
            return false;
        if (line.find("/blas/libblas.so") != std::string::npos) reference = true;
    }
    return reference;
}

}  // namespace mobi
