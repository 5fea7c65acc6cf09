#include "base/error.h"

#include <array>
#include <utility>

namespace klein {

std::string_view to_string(Code code) {
  static constexpr std::array<std::string_view, 8> names = {
      "user", "invalid", "not_found", "unavailable", "io", "corrupt", "resource", "internal"};
  return names[static_cast<std::size_t>(code)];
}

Error::Error(Code code, std::string message) : detail_(std::make_shared<Detail>()) {
  detail_->code = code;
  detail_->message = std::move(message);
}

Error::Detail& Error::own() {
  if (detail_.use_count() > 1) detail_ = std::make_shared<Detail>(*detail_);
  return *detail_;
}

Error Error::at_step(std::string_view step) && {
  if (detail_->step.empty()) own().step = step;
  return std::move(*this);
}

Error Error::at_row(std::string_view row) && {
  if (detail_->row.empty()) own().row = row;
  return std::move(*this);
}

Error Error::because(std::shared_ptr<void> cause) && {
  own().cause = std::move(cause);
  return std::move(*this);
}

Error Error::while_doing(std::string_view what) && {
  own().message = std::string(what) + ": " + detail_->message;
  return std::move(*this);
}

std::string Error::text() const {
  std::string where;
  if (!step().empty()) where += "step '" + step() + "'";
  if (!row().empty()) where += (where.empty() ? "row " : ", row ") + row();
  return where.empty() ? message() : where + ": " + message();
}

}  // namespace klein
