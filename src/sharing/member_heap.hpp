// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mobi {

/// Members of a shared link in the order of a key, least first; of equal keys the lower member.
///
/// What has left stays until it comes up or until half of the entries are stale: a heap in one
/// piece of memory is several times faster than a set.
template <typename Key>
class MemberHeap {
  public:
    struct Entry {
        Key key;
        std::int32_t member;
        std::uint32_t version;  ///< of the member when it was pushed
    };

    void push(const Entry& entry) {
        entries_.push_back(entry);
        std::push_heap(entries_.begin(), entries_.end(), after);
    }

    /// The first whose member still has the entry's version; null: there is none.
    /// \param is_current  (member, version) -> bool
    template <typename IsCurrent>
    const Entry* top(IsCurrent&& is_current) {
        while (!entries_.empty() && !is_current(entries_.front().member, entries_.front().version))
            pop();
        return entries_.empty() ? nullptr : &entries_.front();
    }

    /// Drops what is stale if it is much.
    /// \param current  entries that are not.
    template <typename IsCurrent>
    void tidy(std::size_t current, IsCurrent&& is_current) {
        constexpr std::size_t kFew = 64;
        if (entries_.size() < 2 * current + kFew) return;
        std::erase_if(entries_,
                      [&](const Entry& one) { return !is_current(one.member, one.version); });
        std::make_heap(entries_.begin(), entries_.end(), after);
    }

  private:
    static bool after(const Entry& a, const Entry& b) {
        return std::pair(a.key, a.member) > std::pair(b.key, b.member);
    }

    void pop() {
        std::pop_heap(entries_.begin(), entries_.end(), after);
        entries_.pop_back();
    }

    std::vector<Entry> entries_;
};

}  // namespace mobi
