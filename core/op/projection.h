#pragma once
// Projection — some columns of a schema, in an order of their own. Applying it copies no value.

#include <memory>
#include <vector>

#include "data/batch.h"

namespace klein {

class Projection {
 public:
  /// The columns at `places` of `input`.
  Projection(const Schema& input, std::vector<int> places);

  const Schema& schema() const { return schema_; }
  Batch apply(const Batch& batch) const;

 private:
  std::vector<int> places_;
  Schema schema_;
};

}  // namespace klein
