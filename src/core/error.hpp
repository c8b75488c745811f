// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace mobi {

/// Base of everything the program throws on purpose.  what() is the one line the user reads;
/// exit_code() is what the process returns after main() has caught it.
class Error : public std::runtime_error {
  public:
    int exit_code() const noexcept { return exit_code_; }

  protected:
    Error(const std::string& what, int exit_code)
        : std::runtime_error(what), exit_code_(exit_code) {}

  private:
    int exit_code_;
};

/// The user's configuration is wrong.  Example: `uplink = 20`, without a unit.
class ConfigError : public Error {
  public:
    explicit ConfigError(const std::string& what) : Error(what, 2) {}
};

/// An input file is missing or malformed.  Example: a TSV row with too few columns.
class DataError : public Error {
  public:
    explicit DataError(const std::string& what) : Error(what, 3) {}
};

/// MPI failed, or another rank sent something that breaks the protocol.
class TransportError : public Error {
  public:
    explicit TransportError(const std::string& what) : Error(what, 4) {}
};

/// Another rank broke the protocol.  Example: a packet with 11 taps where the plan has 12.
class ProtocolError : public TransportError {
  public:
    ProtocolError(int rank, int tag, const std::string& expected, const std::string& got)
        : TransportError("message from rank " + std::to_string(rank) + " with tag " +
                         std::to_string(tag) + ": expected " + expected + ", got " + got) {}
};

/// The run file cannot be written or read; what() ends with the error stack of the HDF5 library.
class RecordError : public Error {
  public:
    explicit RecordError(const std::string& what) : Error(what, 5) {}
};

/// A mistake in this program, found by MOBI_CHECK.
class Bug : public Error {
  public:
    explicit Bug(const std::string& what) : Error(what, 70) {}
};

}  // namespace mobi
