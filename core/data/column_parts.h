#pragma once
// What a column is made of while its values come one by one, and how it becomes Arrow's. Anything of it can be cut off
// again, so that a row that proves wrong at its end leaves no trace.

#include <arrow/type_fwd.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace klein {

/// Which values are there; it costs nothing where all are.
class Present {
 public:
  std::int64_t length() const { return length_; }
  std::int64_t nulls() const { return nulls_; }
  void add(std::int64_t count = 1) {
    length_ += count;
    if (nulls_ > 0) there_.resize(static_cast<std::size_t>(length_), true);
  }
  void add_null();
  void cut(std::int64_t length);
  /// Arrow's bits, none where all values are there.
  std::shared_ptr<arrow::Buffer> finish();

 private:
  std::int64_t length_ = 0, nulls_ = 0;
  std::vector<bool> there_;  // empty while there are no nulls
};

/// Where each value ends, of a column whose values are of any size.
class Ends {
 public:
  /// False: more than a column holds.
  bool add(std::size_t end) {
    if (end > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return false;
    ends_.push_back(static_cast<std::int32_t>(end));
    return true;
  }
  std::size_t last() const { return static_cast<std::size_t>(ends_.back()); }
  void cut(std::int64_t length) { ends_.resize(static_cast<std::size_t>(length) + 1); }
  std::shared_ptr<arrow::Buffer> finish();

 private:
  std::vector<std::int32_t> ends_ = {0};
};

std::shared_ptr<arrow::Buffer> to_bits(const std::vector<bool>& values);

/// The column of `type` whose values are `buffers`; `present` begins anew.
std::shared_ptr<arrow::ArrayData> column_of(const std::shared_ptr<arrow::DataType>& type, Present& present,
                                            std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                                            std::vector<std::shared_ptr<arrow::ArrayData>> children = {});

}  // namespace klein
