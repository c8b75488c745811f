// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sharing/shared_link.hpp"

namespace mobi {

/// A link of few members: every call looks at all transfers under way.
class SmallSharedLink final : public SharedLink {
  public:
    explicit SmallSharedLink(double bytes_per_s) : capacity_(bytes_per_s) {}

    void start(std::int32_t member,
               double own_bytes_per_s,
               std::int64_t bytes,
               Instant now) override;
    void set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) override;
    Instant stop(std::int32_t member, Instant now) override;
    End next_end() override;

  private:
    struct Flow {
        std::int32_t member = 0;
        double own = 0;    // bytes/s
        double rate = 0;   // what it gets of it
        Instant left = 0;  // times kPerByte
    };

    Instant end_of(const Flow& flow) const;
    void advance(Instant to);
    void divide();
    std::vector<Flow>::iterator find(std::int32_t member);

    double capacity_;  // bytes/s
    std::vector<Flow> flows_;
    Instant now_ = 0;
    bool divided_ = true;  // the rates are those of the flows
    std::vector<double> demands_;
};

}  // namespace mobi
