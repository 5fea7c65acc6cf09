#include "connectors/file_part.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "connectors/rows.h"

namespace klein {

namespace {
/// Batches below this are put together before they are encoded: a call costs more than a small batch.
constexpr std::int64_t gather_bytes = 1 << 20;
}  // namespace

Result<> FilePart::write(Batch batch, std::int64_t now, std::vector<std::string>& complete) {
  if (!schema_) schema_ = batch.schema();
  auto both = unified(*schema_, batch.schema());
  if (!both || (file_ && !(*both == *schema_))) {
    return Error(Code::invalid, "rows with other columns than those before them can't go into one file: " +
                                    batch.schema().text() + "; before: " + schema_->text());
  }
  schema_ = *std::move(both);
  gathered_bytes_ += batch.bytes();
  gathered_.push_back(std::move(batch));
  const auto most = output_.format->piece_bytes();
  if (gathered_bytes_ >= (ready() ? std::min(gather_bytes, most) : most)) KLEIN_TRY(flush(now, complete));
  return {};
}

bool FilePart::ready() const { return file_ || output_.format->ready(*schema_); }

Result<> FilePart::flush(std::int64_t now, std::vector<std::string>& complete) {
  if (gathered_.empty()) return {};
  for (auto& batch : gathered_) batch = KLEIN_TRY(conform(batch, *schema_));
  const auto all = KLEIN_TRY(concatenate(std::exchange(gathered_, {})));
  gathered_bytes_ = 0;
  const auto& options = output_.options;
  const auto piece = rows_within({all.rows(), output_.format->piece_bytes()}, all.bytes(), all.rows());
  for (std::int64_t first = 0; first < all.rows();) {
    if (!file_) KLEIN_TRY(open(all, now));
    const auto count = std::min({piece, all.rows() - first, options.roll_rows - rows_});
    auto written = file_->write(all.slice(first, count));
    if (!written.ok()) return said(std::move(written).error());
    first += count;
    rows_ += count;
    if (rows_ >= options.roll_rows || file_->bytes() >= options.roll_bytes) KLEIN_TRY(close(complete));
  }
  return {};
}

Result<> FilePart::open(const Batch& sample, std::int64_t now) {
  std::array<char, 40> prefix{};
  std::snprintf(prefix.data(), prefix.size(), "part-%05d-%05d-", output_.task, output_.number++);
  name_ = folder_ + prefix.data() + output_.staging->run() + "." + output_.options.extension;
  written_ = name_;
  rows_ = staged_length_ = 0;
  begun_ = now;
  std::error_code error;
  std::filesystem::create_directories(output_.staging->path(folder_), error);
  if (error)
    return Error(Code::io, "cannot make the folder " + output_.staging->path(folder_) + ": " + error.message());
  const auto& format = *output_.format;
  if (logs()) {
    const auto log = name_ + log_extension;
    file_ = KLEIN_TRY(format.open_log(output_.staging->path(log), *schema_));
    if (file_) written_ = log;
  }
  if (file_) return {};
  auto opened = format.open(output_.staging->path(name_), *schema_, &sample);
  if (!opened.ok()) return said(std::move(opened).error());
  file_ = *std::move(opened);
  return {};
}

Result<> FilePart::close(std::vector<std::string>& complete) {
  if (!file_) return {};
  auto closed = std::exchange(file_, nullptr)->close();
  if (closed.ok() && written_ != name_) {
    closed = output_.format->form(output_.staging->path(written_), output_.staging->path(name_));
  }
  if (!closed.ok()) return said(std::move(closed).error());
  complete.push_back(name_);
  return {};
}

Result<> FilePart::end(std::int64_t now, std::vector<std::string>& complete) {
  KLEIN_TRY(flush(now, complete));
  return close(complete);
}

Result<> FilePart::stage(std::int64_t now, StagedFiles& staged) {
  KLEIN_TRY(flush(now, staged.files));
  const auto& interval = output_.options.roll_interval;
  if (!interval || now - begun_ >= *interval) return close(staged.files);
  if (!file_) return {};
  const auto length = file_->flush();
  if (!length.ok()) return said(length.error());
  if (*length > staged_length_) staged.open.push_back({written_, staged_length_ = *length});
  return {};
}

}  // namespace klein
