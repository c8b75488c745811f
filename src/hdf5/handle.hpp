// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include <hdf5.h>

namespace mobi {

/// Stops the HDF5 library from printing its error stack; RecordError carries it instead.
/// The setting belongs to one thread: call once in every thread that uses HDF5.
void silence_hdf5_diagnostics();

/// What every thread calls before it uses HDF5: silences it, and keeps the library from closing
/// files when the process ends.  We close ours; and after a full disk that clean-up of HDF5 1.10
/// reads freed memory, which would turn our exit code into a crash.
void prepare_hdf5();

/// Throws RecordError when `status` is negative: `what`, the operating system's reason if there is
/// one, then the HDF5 error stack, a frame a line.
void check_hdf5(herr_t status, std::string_view what);

namespace internal {
[[noreturn]] void fail_hdf5(std::string_view what);
}  // namespace internal

/// Owns one HDF5 identifier and closes it with the matching H5?close.
///
/// \tparam Close  the C function that releases this kind of identifier.
template <herr_t (*Close)(hid_t)>
class Handle {
  public:
    /// Takes over `id`.
    /// \param what  the attempted action and its object, e.g. `"open run file 'a.h5'"`.
    /// \throws RecordError  when `id` is negative, that is when the call that made it failed.
    Handle(hid_t id, std::string_view what) : id_(id) {
        if (id_ < 0) internal::fail_hdf5(what);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle taken(std::move(other));
        std::swap(id_, taken.id_);  // `taken` closes what this handle held
        return *this;
    }
    ~Handle() {
        if (id_ >= 0) Close(id_);
    }

    hid_t get() const noexcept { return id_; }

    /// Closes now and reports failure.  The destructor cannot: call this on a file that was
    /// written, or a full disk goes unnoticed.
    void close(std::string_view what) {
        check_hdf5(Close(std::exchange(id_, H5I_INVALID_HID)), what);
    }

  private:
    hid_t id_;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using DataSet = Handle<H5Dclose>;
using DataSpace = Handle<H5Sclose>;
using DataType = Handle<H5Tclose>;
using Attribute = Handle<H5Aclose>;
using PropertyList = Handle<H5Pclose>;

}  // namespace mobi
