// from_arrow: rows of a table in memory. Splits are ranges of its rows, so that several tasks share it; a small table
// is one split. Batches are slices of the table's own: nothing is copied.

#include "connectors/memory.h"

#include <algorithm>

#include "connectors/rows.h"
#include "op/registry.h"

namespace klein {

Table::Table(Schema schema, std::vector<Batch> batches) : schema_(std::move(schema)), batches_(std::move(batches)) {
  for (const auto& batch : batches_) {
    rows_ += batch.rows();
    bytes_ += batch.bytes();
  }
}

std::string Table::text() const { return "table of " + std::to_string(rows_) + (rows_ == 1 ? " row" : " rows"); }

namespace {

/// Where a row of the table lies.
struct Place {
  std::size_t batch = 0;
  std::int64_t row = 0;
};

class TableReader final : public SplitReader {
 public:
  TableReader(std::shared_ptr<const Table> table, RowRange range, std::int64_t done, ReadSize size)
      : table_(std::move(table)), range_(range), done_(done), size_(size), place_(find(range.first + done)) {}

  Result<Pulled> pull(const Context&) override {
    if (done_ >= range_.count) return Pulled{};
    while (place_.row >= table_->batches()[place_.batch].rows()) place_ = {place_.batch + 1, 0};
    const auto& whole = table_->batches()[place_.batch];
    const auto count = std::min({size_in_rows(whole), whole.rows() - place_.row, range_.count - done_});
    Header header;
    header.row = range_.first + done_;
    const Batch rows(whole.slice(place_.row, count).columns(), std::move(header));
    place_.row += count;
    done_ += count;
    return Pulled{Pulled::What::rows, rows, to_position(done_)};
  }

 private:
  Place find(std::int64_t row) const {
    Place place;
    for (; place.batch < table_->batches().size() && row >= table_->batches()[place.batch].rows(); ++place.batch) {
      row -= table_->batches()[place.batch].rows();
    }
    place.row = row;
    return place;
  }

  std::int64_t size_in_rows(const Batch& batch) {
    if (measured_ != place_.batch) {
      measured_ = place_.batch;
      rows_a_batch_ = rows_within(size_, batch.bytes(), batch.rows());
    }
    return rows_a_batch_;
  }

  const std::shared_ptr<const Table> table_;
  const RowRange range_;
  std::int64_t done_;
  const ReadSize size_;
  Place place_;
  std::size_t measured_ = static_cast<std::size_t>(-1);
  std::int64_t rows_a_batch_ = 1;
};

class TableSource final : public Source {
 public:
  explicit TableSource(std::shared_ptr<const Table> table) : table_(std::move(table)) {}
  bool bounded() const override { return true; }
  Schema schema() const override { return table_->schema(); }
  Result<std::vector<Split>> splits() const override { return split_rows("table", table_->rows(), table_->bytes()); }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    const auto done = KLEIN_TRY(from_position(split.position));
    return std::make_unique<TableReader>(table_, RowRange{split.first_row, split.rows}, done, size);
  }

 private:
  const std::shared_ptr<const Table> table_;
};

}  // namespace

void register_memory(Registry& registry) {
  registry.add(SourceKind{
      .name = "from_arrow",
      .doc = "Rows of a table in memory: anything that gives Arrow data.",
      .params = {{.name = "table", .doc = "A table, a record batch, or whatever has `__arrow_c_stream__`."}},
      .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
        auto table = params.value("table").object<Table>();
        if (!table) {
          return Error(
              Code::invalid, "from_arrow wants Arrow data as its table, not " + kind_of(params.value("table")));
        }
        return std::make_unique<TableSource>(std::move(table));
      }});
}

}  // namespace klein
