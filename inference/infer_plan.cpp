#include "inference/infer_plan.h"

#include <arrow/type.h>

#include <algorithm>

#include "base/duration.h"
#include "base/text.h"
#include "inference/running.h"

namespace klein {
namespace {

using Names = std::vector<std::pair<std::string, std::string>>;  // the model's, the column's

std::vector<std::string> names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const auto& tensor : tensors) names.push_back(tensor.name);
  return names;
}

/// The names given, checked; those of the model where none are given.
Result<Names> resolve(const Names& given, const std::vector<TensorInfo>& tensors, const std::string& what) {
  const auto known = names_of(tensors);
  Names names = given;
  if (given.empty()) {
    for (const auto& name : known) names.emplace_back(name, name);
  }
  for (const auto& [name, column] : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Error(Code::invalid, "the model has no " + what + " '" + name + "'." + suggestion(name, known));
    }
  }
  return names;
}

Result<std::vector<std::string>> input_columns(const Params& params, const ModelSession& session) {
  const auto names = KLEIN_TRY(resolve(params.mapping("inputs"), session.inputs(), "input"));
  std::vector<std::string> columns;
  for (const auto& input : session.inputs()) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&input](const auto& pair) { return pair.first == input.name; });
    if (found == names.end()) {
      return Error(Code::invalid, "a column must feed the model's input '" + input.name + "': name it in `inputs`");
    }
    columns.push_back(found->second);
  }
  return columns;
}

Result<float> number_for(const std::vector<double>& numbers, int channel, int channels, const char* name) {
  if (numbers.size() != 1 && numbers.size() != static_cast<std::size_t>(channels)) {
    return Error(Code::invalid, std::string(name) + " must be one number or one for each of the " +
                                    std::to_string(channels) + " channels, it has " + std::to_string(numbers.size()));
  }
  return static_cast<float>(numbers.size() == 1 ? numbers[0] : numbers[static_cast<std::size_t>(channel)]);
}

Result<Normalisation> normalisation_of(const Params& params, int channels) {
  Normalisation result;
  for (int channel = 0; channel < channels; ++channel) {
    const auto index = static_cast<std::size_t>(channel);
    if (!params.is_null("mean")) {
      result.mean[index] = KLEIN_TRY(number_for(params.numbers("mean"), channel, channels, "mean"));
    }
    if (!params.is_null("std")) {
      result.deviation[index] = KLEIN_TRY(number_for(params.numbers("std"), channel, channels, "std"));
    }
    if (result.deviation[index] == 0) return Error(Code::invalid, "std must not be 0");
  }
  return result;
}

bool takes(std::span<const std::int64_t> wanted, std::span<const std::int64_t> given) {
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](std::int64_t want, std::int64_t have) { return want < 0 || want == have; });
}

Shape without_ones(std::span<const std::int64_t> shape) {
  Shape rest;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(rest), [](std::int64_t size) { return size != 1; });
  return rest;
}

/// The shape of a row for the model where cells go to it as they are; axes of size 1 may be there or not.
std::optional<Shape> as_it_is(std::span<const std::int64_t> wanted, const Shape& given) {
  if (takes(wanted, given)) return given;
  const bool known = std::none_of(wanted.begin(), wanted.end(), [](std::int64_t size) { return size < 0; });
  if (known && without_ones(wanted) == without_ones(given)) return Shape(wanted.begin(), wanted.end());
  return std::nullopt;
}

/// Pictures of more than one channel may be laid out anew: the model says how by where the channels stand.
Result<bool> lay_out(std::span<const std::int64_t> wanted, ModelInput& input, const Error& refusal) {
  const auto& cell = input.cell.shape;
  const auto channels = cell[2];
  const Shape planes = {channels, cell[0], cell[1]};
  const bool interleaved = takes(wanted, cell), planar = takes(wanted, planes);
  if (!interleaved && !planar) return refusal;
  const bool says_planar = wanted[0] == channels, says_interleaved = wanted[2] == channels;
  if (interleaved && planar && says_planar == says_interleaved) {
    return Error(refusal).while_doing("where the channels stand can't be told from the shape");
  }
  const bool to_planes = planar && (!interleaved || says_planar);
  input.shape = to_planes ? planes : cell;
  return to_planes;
}

Result<PictureInput> picture_of(const Params& params, std::span<const std::int64_t> wanted, ModelInput& input,
                                const Error& refusal) {
  PictureInput picture{.pixels = input.cell.elements(), .normalisation = {}};
  const auto& shape = input.cell.shape;
  if (shape.size() == 3 && shape[2] >= 1 && shape[2] <= most_channels && wanted.size() == 3) {
    picture.channels = static_cast<int>(shape[2]);
    picture.pixels = shape[0] * shape[1];
    picture.has_axes = true;
    if (KLEIN_TRY(lay_out(wanted, input, refusal))) picture.layout = ImageLayout::channel_height_width;
  } else {
    const auto direct = as_it_is(wanted, shape);
    if (!direct) return refusal;
    input.shape = *direct;
  }
  picture.normalisation = KLEIN_TRY(normalisation_of(params, picture.channels));
  return picture;
}

Result<ModelInput> bind_input(const Params& params, const TensorInfo& info, const std::string& column,
                              const Schema& schema) {
  const auto type = KLEIN_TRY(schema.type(column));
  const Error refusal(Code::invalid, "the model's input " + info.text() + " does not take column '" + column +
                                         "' of type " + text(*type));
  if (info.shape.empty()) return Error(Code::invalid, "the model's input '" + info.name + "' has no axis of rows");
  const auto cell = cell_of(*type);
  if (!cell) return refusal;
  ModelInput input{
      .column = column, .position = KLEIN_TRY(schema.index(column)), .shape = {}, .cell = *cell, .picture = {}};
  const auto wanted = std::span(info.shape).subspan(1);
  if (cell->element == ElementType::uint8 && info.element == ElementType::float32) {
    input.picture = KLEIN_TRY(picture_of(params, wanted, input, refusal));
    return input;
  }
  const auto direct = as_it_is(wanted, cell->shape);
  if (cell->element != info.element || !direct) return refusal;
  input.shape = *direct;
  return input;
}

/// The number of rows that the model's inputs insist on; 0: any.
Result<std::int64_t> fixed_rows_of(const ModelSession& session) {
  std::int64_t rows = 0;
  for (const auto& input : session.inputs()) {
    if (input.shape[0] < 0) continue;
    if (input.shape[0] == 0 || (rows != 0 && rows != input.shape[0])) {
      return Error(Code::invalid, "the model's inputs want different numbers of rows, " + input.text());
    }
    rows = input.shape[0];
  }
  return rows;
}

Shape with_rows(std::int64_t rows, const Shape& row) {
  Shape shape = {rows};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

/// What the outputs' shapes are for these inputs, asked of the model itself with zeros for rows.
Result<std::vector<Shape>> try_shapes(const InferPlan& plan, std::int64_t rows) {
  std::vector<std::vector<std::uint8_t>> zeros;
  std::vector<InputTensor> inputs;
  for (const auto& input : plan.inputs) {
    zeros.emplace_back(static_cast<std::size_t>(rows * input.bytes()));
    inputs.push_back({zeros.back().data(), with_rows(rows, input.shape)});
  }
  std::vector<OutputTensor> outputs;
  for (const auto& output : plan.outputs) outputs.push_back({.index = output.index});
  auto ran = plan.session->run(inputs, outputs);
  if (!ran.ok()) return std::move(ran).error().while_doing("trying the model with zeros");
  std::vector<Shape> shapes;
  for (auto& output : outputs) shapes.push_back(std::move(output.shape));
  return shapes;
}

bool known(const Shape& shape) {
  return !shape.empty() && std::all_of(shape.begin() + 1, shape.end(), [](std::int64_t size) { return size >= 0; });
}

Result<> bind_outputs(const Names& names, InferPlan& plan) {
  const auto& infos = plan.session->outputs();
  const auto rows = plan.fixed_rows != 0 ? plan.fixed_rows : 2;  // two, so that an output of one entry in all shows
  bool all_known = true;
  for (const auto& [name, column] : names) {
    const auto found =
        std::find_if(infos.begin(), infos.end(), [&name](const auto& info) { return info.name == name; });
    plan.outputs.push_back(
        {.index = static_cast<std::size_t>(found - infos.begin()), .column = column, .cell = {}, .type = nullptr});
    all_known = all_known && known(found->shape);
  }
  const auto tried = all_known ? std::vector<Shape>() : KLEIN_TRY(try_shapes(plan, rows));
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    auto& output = plan.outputs[i];
    const auto& info = infos[output.index];
    const auto& shape = all_known ? info.shape : tried[i];
    if (shape.empty() || (shape[0] >= 0 && shape[0] != rows)) {
      return Error(Code::invalid, "the model's output does not have one entry a row: " + info.text());
    }
    output.cell = {info.element, Shape(shape.begin() + 1, shape.end())};
    output.type = column_type(output.cell);
    if (!output.type) return Error(Code::invalid, "no column can hold the model's output " + info.text());
  }
  return {};
}

Result<Schema> output_schema(const InferPlan& plan, const Schema& input) {
  auto fields = input.arrow()->fields();
  for (const auto& output : plan.outputs) {
    const auto taken = std::any_of(
        fields.begin(), fields.end(), [&output](const auto& field) { return field->name() == output.column; });
    if (taken) {
      return Error(Code::invalid, "the column '" + output.column + "' is there already: name the model's output '" +
                                      plan.session->outputs()[output.index].name + "' in `outputs`");
    }
    fields.push_back(arrow::field(output.column, output.type, /*nullable=*/false));
  }
  return Schema(arrow::schema(std::move(fields), input.arrow()->metadata()));
}

/// Lets the model take the pictures' bytes as they are, where its runtime can.
void feed_bytes(InferPlan& plan) {
  Pictures pictures;
  bool any = false;
  for (const auto& input : plan.inputs) {
    pictures.push_back(input.picture);
    any = any || input.picture.has_value();
  }
  auto session = any ? plan.session->taking(pictures) : nullptr;
  if (!session) return;
  plan.session = std::move(session);
  for (auto& input : plan.inputs) {
    if (input.picture && input.picture->has_axes) input.shape = input.cell.shape;
    input.picture.reset();
  }
}

Result<std::int64_t> latency_of(const Params& params) {
  if (params.is_null("latency")) return 0;
  auto latency = duration_from(params.string("latency"));
  if (!latency.ok()) return std::move(latency).error().while_doing("latency");
  if (*latency > 0) return latency;
  return Error(Code::invalid, "latency is more than nothing, such as \"200ms\", not " + params.string("latency"));
}

Result<std::int64_t> batch_rows_of(const Params& params, std::int64_t fixed_rows) {
  const auto& value = params.value("batch_size");
  if (const auto* word = value.get<std::string>(); word != nullptr && *word == "auto") return 0;
  const auto* rows = value.get<std::int64_t>();
  if (rows == nullptr || *rows < 1) {
    return Error(Code::invalid, "batch_size must be \"auto\" or a number of rows from 1, not " + to_json(value));
  }
  if (fixed_rows != 0 && *rows != fixed_rows) {
    return Error(Code::invalid, "the model takes " + std::to_string(fixed_rows) +
                                    " rows a call and no other number, batch_size is " + std::to_string(*rows));
  }
  return *rows;
}

}  // namespace

Result<InferPlan> make_infer_plan(const Params& params, const Schema& input) {
  InferPlan plan{.session = KLEIN_TRY(session_of(params)), .inputs = {}, .outputs = {}, .schema = {}};
  const auto columns = KLEIN_TRY(input_columns(params, *plan.session));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    plan.inputs.push_back(KLEIN_TRY(bind_input(params, plan.session->inputs()[i], columns[i], input)));
  }
  const bool pictures =
      std::any_of(plan.inputs.begin(), plan.inputs.end(), [](const auto& each) { return each.picture.has_value(); });
  if (!pictures && !(params.is_null("mean") && params.is_null("std"))) {
    return Error(Code::invalid, "mean and std are for uint8 columns that feed float inputs, and there is none");
  }
  feed_bytes(plan);
  plan.fixed_rows = KLEIN_TRY(fixed_rows_of(*plan.session));
  plan.batch_rows = KLEIN_TRY(batch_rows_of(params, plan.fixed_rows));
  plan.latency = KLEIN_TRY(latency_of(params));
  plan.on_error = on_error(params);
  const auto outputs = KLEIN_TRY(resolve(params.mapping("outputs"), plan.session->outputs(), "output"));
  KLEIN_TRY(bind_outputs(outputs, plan));
  plan.schema = KLEIN_TRY(output_schema(plan, input));
  return plan;
}

Result<InferColumns> infer_columns(const Params& params) {
  const auto session = KLEIN_TRY(session_of(params));
  InferColumns columns{.reads = KLEIN_TRY(input_columns(params, *session)), .makes = {}};
  const auto outputs = KLEIN_TRY(resolve(params.mapping("outputs"), session->outputs(), "output"));
  for (const auto& [name, column] : outputs) columns.makes.push_back(column);
  return columns;
}

}  // namespace klein
