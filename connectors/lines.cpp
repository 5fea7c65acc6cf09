// read_lines: lines as they come, from standard input or a TCP connection. What was taken can't be asked for again, so
// a job that goes on goes on with what comes then.

#include <arrow/array/builder_binary.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <atomic>
#include <optional>

#include "base/duration.h"
#include "connectors/line_files.h"
#include "connectors/line_input.h"
#include "connectors/rows.h"
#include "data/json_objects.h"
#include "op/registry.h"

namespace klein {

namespace {

std::atomic<bool> standard_input_is_read = false;

/// Standard input has one reader at a time: two would tear its lines apart.
class OneReader {
 public:
  static Result<std::optional<OneReader>> of(const LineAddress& address) {
    if (!address.host.empty()) return std::optional<OneReader>();
    if (standard_input_is_read.exchange(true))
      return Error(Code::invalid, "standard input is read by another read_lines; one flow may read it at a time");
    return std::optional<OneReader>(OneReader());
  }
  ~OneReader() {
    if (mine_) standard_input_is_read = false;
  }
  OneReader(OneReader&& other) noexcept : mine_(std::exchange(other.mine_, false)) {}
  OneReader& operator=(OneReader&&) = delete;

 private:
  OneReader() = default;
  bool mine_ = true;
};

class LinesReader final : public SplitReader {
 public:
  LinesReader(const LineAddress& address, LineOptions options, Schema schema, std::int64_t done, ReadSize size,
              std::optional<OneReader> only)
      : only_(std::move(only)),
        input_(address, options),
        schema_(std::move(schema)),
        name_(address.host.empty() ? "standard input" : address.text),
        text_(schema_.arrow()->field(0)->type()->id() == arrow::Type::STRING),
        done_(done),
        size_(size) {}

  Result<Pulled> pull(const Context& context) override {
    if (next_ >= lines_.size()) {
      auto taken = KLEIN_TRY(input_.take(static_cast<std::size_t>(size_.bytes), context.waker));
      if (taken.ended) return Pulled{};
      if (taken.lines.empty()) return Pulled{.what = Pulled::What::nothing_yet, .batch = std::nullopt, .position = {}};
      lines_ = std::move(taken.lines);
      next_ = 0;
    }
    Header header;
    header.row = done_;
    auto rows = text_ ? KLEIN_TRY(next_rows<arrow::StringBuilder>()) : KLEIN_TRY(next_rows<arrow::BinaryBuilder>());
    return Pulled{Pulled::What::rows, Batch(std::move(rows), std::move(header)), to_position(done_)};
  }

 private:
  template <typename Builder>
  Result<std::shared_ptr<arrow::RecordBatch>> next_rows() {
    Builder lines;
    for (; next_ < lines_.size() && lines.length() < size_.rows; ++done_) {
      const auto end = lines_.find('\n', next_);
      auto line = std::string_view(lines_).substr(next_, end - next_);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (text_ && !is_utf8(line)) {
        return Error(Code::corrupt, "the line is not UTF-8; read_lines(..., binary=True) takes any bytes")
            .at_row(name_ + ":" + std::to_string(done_));
      }
      KLEIN_ARROW_OK(lines.Append(line));
      next_ = end + 1;
    }
    const auto count = lines.length();
    return arrow::RecordBatch::Make(schema_.arrow(), count, {KLEIN_ARROW(lines.Finish())});
  }

  const std::optional<OneReader> only_;
  LineInput input_;
  const Schema schema_;
  const std::string name_;
  const bool text_;
  std::int64_t done_;
  const ReadSize size_;
  std::string lines_;  // taken and not yet given, from `next_` on
  std::size_t next_ = 0;
};

class LinesSource final : public Source {
 public:
  LinesSource(LineAddress address, LineOptions options, bool binary)
      : address_(std::move(address)),
        options_(options),
        schema_(arrow::schema({arrow::field("line", binary ? arrow::binary() : arrow::utf8(), false)})) {}

  static Result<std::unique_ptr<Source>> make(const Params& params) {
    LineOptions options;
    const auto most = params.int64("max_line_bytes");
    if (most < 1 || most > 1 << 30) {
      return Error(Code::invalid, "max_line_bytes is from 1 to 1073741824, not " + std::to_string(most));
    }
    options.max_line_bytes = static_cast<std::size_t>(most);
    auto reconnect = duration_from(params.string("reconnect"));
    if (!reconnect.ok()) return std::move(reconnect).error().while_doing("reconnect");
    options.reconnect = *reconnect;
    return std::make_unique<LinesSource>(
        KLEIN_TRY(LineAddress::from(params.string("address"))), options, params.boolean("binary"));
  }

  bool bounded() const override { return false; }
  Schema schema() const override { return schema_; }
  Result<std::vector<Split>> splits() const override { return std::vector<Split>{{.id = "lines", .position = {}}}; }
  Result<std::unique_ptr<SplitReader>> open(const Split& split, ReadSize size) const override {
    auto only = KLEIN_TRY(OneReader::of(address_));
    return std::make_unique<LinesReader>(
        address_, options_, schema_, KLEIN_TRY(from_position(split.position)), size, std::move(only));
  }

 private:
  const LineAddress address_;
  const LineOptions options_;
  const Schema schema_;
};

std::vector<Param> params_of_lines() {
  return {
      {.name = "address",
       .type = ParamType::string,
       .doc = "\"-\", standard input, whose end ends the job; or \"tcp://host:port\", to connect to.",
       .fallback = "-"},
      {.name = "binary",
       .type = ParamType::boolean,
       .doc = "Whether `line` is bytes; else it is text, and a line that is not UTF-8 is an error.",
       .fallback = false,
       .keyword_only = true},
      {.name = "max_line_bytes",
       .type = ParamType::int64,
       .doc = "A longer line is an error: what comes may be no lines at all.",
       .fallback = 1 << 20,
       .keyword_only = true},
      {.name = "reconnect",
       .type = ParamType::string,
       .doc = "For how long to try to connect again where a connection has ended; a line that it tore is dropped. "
              "With \"0s\" its end ends the job.",
       .fallback = "30s",
       .keyword_only = true}};
}

}  // namespace

void register_lines(Registry& registry) {
  registry.add(SourceKind{
      .name = "read_lines",
      .doc = "Lines as they come, a row each, in the column `line`. At most once: lines can't be asked for again, so "
             "those that a job had received when it was stopped or killed may be lost, and one that goes on takes what "
             "comes then.",
      .params = params_of_lines(),
      .make = LinesSource::make});
}

}  // namespace klein
