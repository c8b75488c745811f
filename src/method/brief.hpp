// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/archive.hpp"
#include "core/byte_io.hpp"

namespace mobi {

/// Bytes that many tasks share, e.g. the weights of a round.  Whoever fetches them is charged for
/// them; between ranks they travel once.
struct Content {
    std::int64_t id = 0;  ///< of a run: the same id, the same bytes
    std::shared_ptr<const Bytes> bytes;

    void archive(Archive& archive) { archive(id, bytes); }
};

/// What a device starts a task from.
struct Brief {
    std::vector<Content> shared;
    Bytes own;

    void archive(Archive& archive) { archive(shared, own); }
};

}  // namespace mobi
