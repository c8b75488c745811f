// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hdf5/handle.hpp"

namespace mobi::test {

/// A new file in memory: nothing reaches the disk.
inline File memory_file(const std::string& name = "memory.h5") {
    prepare_hdf5();
    const PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create access list");
    check_hdf5(H5Pset_fapl_core(access.get(), 1 << 16, false), "choose the in-memory driver");
    return {H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "create file"};
}

}  // namespace mobi::test
