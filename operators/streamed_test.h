#pragma once
// Streamed — a step of a stream, driven by hand: rows in, time passing, what leaves as text.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kind_test.h"

namespace klein {

/// Time as a test sets it.
class SetClock final : public Clock {
 public:
  std::int64_t now() const override { return time; }
  std::int64_t time = 0;
};

constexpr std::int64_t second = 1'000'000'000;

/// A step of a stream, driven by hand.
class Streamed {
 public:
  /// `columns` of each input: "k: string, at: int64".
  Streamed(void (*add)(Registry&), std::string_view params, std::vector<std::string> columns)
      : kind_(kind_from(add)), columns_(std::move(columns)) {
    Schemas schemas;
    for (const auto& of_input : columns_) schemas.push_back(rows_from_json("[]", of_input)->schema());
    step_ = *kind_.make(params_of(kind_, params), schemas);
    context_ = Context{
        .step = kind_.name,
        .clock = &clock,
        .waker = {},
        .rows_failed = &failed_,
        .alarm = &alarm,
        .reading = &reading,
        .streaming = true};
    opened = step_->open(context_);
  }

  /// What leaves, as JSON: rows, then "late" and those that were, then the watermark in milliseconds.
  std::string rows(const std::string& json, std::shared_ptr<const std::string> split = nullptr) {
    auto batch = *rows_from_json(json, columns_.front());
    auto header = batch.header();
    header.split = std::move(split);
    return told([&] { return step_->process(0, Batch(batch.columns(), header), out_); });
  }
  std::string rows_at(int port, const std::string& json) {
    return told([&] {
      return step_->process(port, *rows_from_json(json, columns_[static_cast<std::size_t>(port)]), out_);
    });
  }
  std::string time(std::int64_t milliseconds) {
    return told([&] { return step_->on_watermark({.time = milliseconds * 1'000'000}, out_); });
  }
  std::string end() {
    return told([&] { return step_->on_watermark(Watermark::end(), out_); });
  }
  std::string ring() {
    alarm = 0;
    return told([&] { return step_->resume(out_); });
  }
  State snapshot() const { return *step_->snapshot(); }
  void restore(const State& state) { EXPECT_TRUE(step_->restore(state).ok()); }

  SetClock clock;
  std::int64_t alarm = 0;
  Reading reading;
  Result<> opened;

 private:
  template <typename Call>
  std::string told(const Call& call) {
    auto progress = call();
    std::string all, late;
    while (true) {
      if (!progress.ok()) return progress.error().text();
      for (auto& [port, batch] : out_.emitted())
        (port == Port::late ? late : all) += join(*rows_to_json({batch}), " ") + " ";
      out_.clear();
      if (*progress != Progress::more) break;
      progress = step_->resume(out_);
    }
    if (!late.empty()) all += "late " + late;
    if (const auto watermark = out_.take_watermark())
      all += (watermark->idle ? "idle at " : "time ") + std::to_string(watermark->time / 1'000'000) + " ";
    if (!all.empty()) all.pop_back();
    return all;
  }

  const OperatorKind kind_;
  std::vector<std::string> columns_;
  Context context_;
  std::int64_t failed_ = 0;
  std::unique_ptr<Operator> step_;
  Output out_;
};

}  // namespace klein
