#include "connectors/text_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "connectors/paths.h"

namespace klein {

namespace {

class TextOutput final : public OutputFile {
 public:
  TextOutput(const TextFormat& format, std::string path) : format_(format), path_(std::move(path)) {}
  ~TextOutput() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  Result<> open(std::string header) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) return system_error("open", path_);
    text_ = std::move(header);
    return {};
  }
  Result<> write(const Batch& batch) override {
    KLEIN_TRY(format_.append(batch, text_));
    return text_.size() >= enough ? write_out() : Result<>();
  }
  Result<std::int64_t> flush() override {
    KLEIN_TRY(write_out());
    return written_;
  }
  Result<> close() override {
    KLEIN_TRY(write_out());
    if (::close(std::exchange(descriptor_, -1)) != 0) return system_error("write", path_);
    return {};
  }
  std::int64_t bytes() const override { return written_ + static_cast<std::int64_t>(text_.size()); }

 private:
  static constexpr std::size_t enough = 1 << 20;

  Result<> write_out() {
    for (std::size_t done = 0; done < text_.size();) {
      const auto count = ::write(descriptor_, text_.data() + done, text_.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error("write", path_);
      done += static_cast<std::size_t>(count);
    }
    written_ += static_cast<std::int64_t>(text_.size());
    text_.clear();
    return {};
  }

  const TextFormat& format_;  // the writer holds both
  const std::string path_;
  int descriptor_ = -1;
  std::string text_;  // not yet written
  std::int64_t written_ = 0;
};

}  // namespace

Result<std::unique_ptr<OutputFile>> TextFormat::open(const std::string& path, const Schema& schema,
                                                     const Batch*) const {
  auto output = std::make_unique<TextOutput>(*this, path);
  KLEIN_TRY(output->open(KLEIN_TRY(header(schema))));
  return output;
}

}  // namespace klein
