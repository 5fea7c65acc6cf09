// Functions of rows as a plan holds them: consecutive ones are joined.

#include "row_instance.h"

namespace klein::py {

namespace {

class RowFunction final : public Function {
 public:
  RowFunction(std::vector<Stage> stages, Settings settings)
      : stages_(std::move(stages)), settings_(std::move(settings)) {}

  std::string text() const override {
    std::string all;
    for (const auto& stage : stages_) all += (all.empty() ? "" : ", ") + stage.name;
    return all;
  }
  std::optional<Schema> output_schema() const override { return settings_.schema; }
  std::int64_t batch_rows() const override { return settings_.batch_rows; }
  std::shared_ptr<const Function> fuse(const Function& next) const override;
  Result<std::unique_ptr<FunctionInstance>> instance() const override;

 private:
  const std::vector<Stage> stages_;
  const Settings settings_;
};

std::shared_ptr<const Function> RowFunction::fuse(const Function& next) const {
  const auto* other = dynamic_cast<const RowFunction*>(&next);
  if (!other || settings_.schema || settings_.batch_rows != other->settings_.batch_rows) return nullptr;
  const Entered gil;
  auto stages = stages_;
  stages.insert(stages.end(), other->stages_.begin(), other->stages_.end());
  return std::make_shared<RowFunction>(std::move(stages), other->settings_);
}

Result<std::unique_ptr<FunctionInstance>> RowFunction::instance() const {
  const Entered gil;
  std::vector<Call> calls;
  for (const auto& stage : stages_) calls.push_back(KLEIN_TRY(Call::make(stage)));
  return std::make_unique<RowInstance>(std::move(calls), settings_.schema);
}

}  // namespace

std::shared_ptr<const Function> make_row_function(Stage stage, Settings settings) {
  return std::make_shared<RowFunction>(std::vector<Stage>{std::move(stage)}, std::move(settings));
}

}  // namespace klein::py
