// Makes a program of a model's file: read, given its shapes, given the pictures' normalisation, compiled, kept in the
// cache; or taken from there.

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstdio>

#include "inference/openvino_program.h"
#include "state/key_groups.h"

namespace klein {
namespace {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// Whether the picture goes in as it stands in its column: height, width, channel.
const PictureInput* picture_at(const OpenVinoSource& source, std::size_t input) {
  if (source.pictures.empty() || !source.pictures[input]) return nullptr;
  return &*source.pictures[input];
}

/// The shape of an input as the model itself has it, before pictures go in as bytes.
Shape model_shape(const OpenVinoSource& source, std::size_t input) {
  auto shape = source.shapes[input];
  const auto* picture = picture_at(source, input);
  if (picture == nullptr || !picture->has_axes || picture->layout == ImageLayout::height_width_channel) return shape;
  return {shape[0], shape[3], shape[1], shape[2]};
}

/// Everything that the compiled model depends on, as a name for a file.
std::string cache_name(const OpenVinoSource& source) {
  std::string key = source.runtime.identity;
  for (std::size_t i = 0; i < source.shapes.size(); ++i) {
    for (const auto size : source.shapes[i]) key += ' ' + std::to_string(size);
    if (const auto* picture = picture_at(source, i)) {
      key += " picture " + std::to_string(picture->channels) + (picture->has_axes ? " axes" : "");
      key += picture->layout == ImageLayout::channel_height_width ? " planes" : "";
      for (const auto* numbers : {&picture->normalisation.mean, &picture->normalisation.deviation}) {
        for (const auto number : *numbers) key += ' ' + std::to_string(std::bit_cast<std::uint32_t>(number));
      }
    }
    key += ';';
  }
  char name[64];
  std::snprintf(name, sizeof(name), "openvino-%016" PRIx64 "-%016" PRIx64 ".model", source.file.digest, hash_key(key));
  return name;
}

class Compiler {
 public:
  explicit Compiler(const OpenVinoSource& source) : source_(source), api_(source.runtime.api) {}

  Result<Owned<ov::ov_compiled_model_t>> compile() {
    ov::ov_model_t* read = nullptr;
    const auto* core = source_.runtime.core;
    KLEIN_TRY(check(api_, api_.ov_core_read_model(core, source_.path.c_str(), nullptr, &read), Code::invalid));
    Owned<ov::ov_model_t> model(read, api_.ov_model_free);
    KLEIN_TRY(match(model.get()));
    KLEIN_TRY(give_shapes(model.get()));
    KLEIN_TRY(refuse_unknown_sizes(model.get()));
    if (!source_.pictures.empty()) model = KLEIN_TRY(with_pictures(model.get()));
    ov::ov_compiled_model_t* compiled = nullptr;
    KLEIN_TRY(check(api_, api_.ov_core_compile_model(core, model.get(), "CPU", 0, &compiled), Code::invalid));
    return Owned<ov::ov_compiled_model_t>(compiled, api_.ov_compiled_model_free);
  }

  Result<Owned<ov::ov_compiled_model_t>> import(BytesView kept) {
    ov::ov_compiled_model_t* compiled = nullptr;
    KLEIN_TRY(check(api_, api_.ov_core_import_model(source_.runtime.core, kept.data(), kept.size(), "CPU", &compiled),
                    Code::corrupt));
    return Owned<ov::ov_compiled_model_t>(compiled, api_.ov_compiled_model_free);
  }

 private:
  /// Inputs and outputs go by their place: there must be as many as the file says.
  Result<> match(const ov::ov_model_t* model) const {
    std::size_t inputs = 0, outputs = 0;
    KLEIN_TRY(check(api_, api_.ov_model_inputs_size(model, &inputs), Code::internal));
    KLEIN_TRY(check(api_, api_.ov_model_outputs_size(model, &outputs), Code::internal));
    if (inputs == source_.file.inputs.size() && outputs == source_.file.outputs.size()) return {};
    return Error(Code::invalid, "it sees " + std::to_string(inputs) + " inputs and " + std::to_string(outputs) +
                                    " outputs where the file has others");
  }

  Result<> give_shapes(const ov::ov_model_t* model) const {
    std::vector<std::vector<ov::ov_dimension_t>> sizes;
    std::vector<ov::ov_partial_shape_t> shapes;
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < source_.shapes.size(); ++i) {
      sizes.emplace_back();
      for (const auto size : model_shape(source_, i)) sizes.back().push_back({size, size});
      const auto rank = static_cast<std::int64_t>(sizes.back().size());
      shapes.push_back({{rank, rank}, sizes.back().data()});
      indexes.push_back(i);
    }
    return check(api_, api_.ov_model_reshape_by_port_indexes(model, indexes.data(), shapes.data(), shapes.size()),
                 Code::invalid);
  }

  Result<> refuse_unknown_sizes(const ov::ov_model_t* model) const {
    for (std::size_t i = 0; i < source_.file.outputs.size(); ++i) {
      ov::ov_output_const_port_t* raw = nullptr;
      KLEIN_TRY(check(api_, api_.ov_model_const_output_by_index(model, i, &raw), Code::internal));
      const Owned<ov::ov_output_const_port_t> port(raw, api_.ov_output_const_port_free);
      ov::ov_partial_shape_t shape{};
      KLEIN_TRY(check(api_, api_.ov_port_get_partial_shape(raw, &shape), Code::internal));
      const bool dynamic = api_.ov_partial_shape_is_dynamic(shape);
      api_.ov_partial_shape_free(&shape);
      if (dynamic) {
        return Error(Code::invalid,
                     "the size of its output '" + source_.file.outputs[i].name + "' depends on the values that go in");
      }
    }
    return {};
  }

  Result<Owned<ov::ov_model_t>> with_pictures(const ov::ov_model_t* model) const {
    ov::ov_preprocess_prepostprocessor_t* raw = nullptr;
    KLEIN_TRY(check(api_, api_.ov_preprocess_prepostprocessor_create(model, &raw), Code::internal));
    const Owned<ov::ov_preprocess_prepostprocessor_t> changes(raw, api_.ov_preprocess_prepostprocessor_free);
    for (std::size_t i = 0; i < source_.pictures.size(); ++i) {
      if (const auto* picture = picture_at(source_, i)) KLEIN_TRY(normalise_input(raw, i, *picture));
    }
    ov::ov_model_t* built = nullptr;
    KLEIN_TRY(check(api_, api_.ov_preprocess_prepostprocessor_build(raw, &built), Code::invalid));
    return Owned<ov::ov_model_t>(built, api_.ov_model_free);
  }

  Result<> normalise_input(const ov::ov_preprocess_prepostprocessor_t* changes, std::size_t index,
                           const PictureInput& picture) const {
    ov::ov_preprocess_input_info_t* raw = nullptr;
    KLEIN_TRY(
        check(api_, api_.ov_preprocess_prepostprocessor_get_input_info_by_index(changes, index, &raw), Code::internal));
    const Owned<ov::ov_preprocess_input_info_t> input(raw, api_.ov_preprocess_input_info_free);
    KLEIN_TRY(feed_bytes(raw, picture));
    ov::ov_preprocess_preprocess_steps_t* made = nullptr;
    KLEIN_TRY(check(api_, api_.ov_preprocess_input_info_get_preprocess_steps(raw, &made), Code::internal));
    const Owned<ov::ov_preprocess_preprocess_steps_t> steps(made, api_.ov_preprocess_preprocess_steps_free);
    KLEIN_TRY(check(api_, api_.ov_preprocess_preprocess_steps_convert_element_type(made, ov::F32), Code::internal));
    const auto& mean = picture.normalisation.mean;
    const auto& deviation = picture.normalisation.deviation;
    if (!picture.has_axes) {
      KLEIN_TRY(check(api_, api_.ov_preprocess_preprocess_steps_mean(made, mean[0]), Code::internal));
      return check(api_, api_.ov_preprocess_preprocess_steps_scale(made, deviation[0]), Code::internal);
    }
    const auto channels = picture.channels;
    KLEIN_TRY(check(
        api_, api_.ov_preprocess_preprocess_steps_mean_multi_channels(made, mean.data(), channels), Code::internal));
    return check(api_, api_.ov_preprocess_preprocess_steps_scale_multi_channels(made, deviation.data(), channels),
                 Code::internal);
  }

  /// The input takes bytes, and where it has axes, height, width, channel.
  Result<> feed_bytes(const ov::ov_preprocess_input_info_t* input, const PictureInput& picture) const {
    ov::ov_preprocess_input_tensor_info_t* raw = nullptr;
    KLEIN_TRY(check(api_, api_.ov_preprocess_input_info_get_tensor_info(input, &raw), Code::internal));
    const Owned<ov::ov_preprocess_input_tensor_info_t> fed(raw, api_.ov_preprocess_input_tensor_info_free);
    KLEIN_TRY(check(api_, api_.ov_preprocess_input_tensor_info_set_element_type(raw, ov::U8), Code::internal));
    if (!picture.has_axes) return {};
    const auto interleaved = KLEIN_TRY(layout("NHWC"));
    KLEIN_TRY(check(api_, api_.ov_preprocess_input_tensor_info_set_layout(raw, interleaved.get()), Code::internal));
    ov::ov_preprocess_input_model_info_t* made = nullptr;
    KLEIN_TRY(check(api_, api_.ov_preprocess_input_info_get_model_info(input, &made), Code::internal));
    const Owned<ov::ov_preprocess_input_model_info_t> own(made, api_.ov_preprocess_input_model_info_free);
    const bool planes = picture.layout == ImageLayout::channel_height_width;
    const auto wanted = KLEIN_TRY(layout(planes ? "NCHW" : "NHWC"));
    return check(api_, api_.ov_preprocess_input_model_info_set_layout(made, wanted.get()), Code::internal);
  }

  Result<Owned<ov::ov_layout_t>> layout(const char* axes) const {
    ov::ov_layout_t* made = nullptr;
    KLEIN_TRY(check(api_, api_.ov_layout_create(axes, &made), Code::internal));
    return Owned<ov::ov_layout_t>(made, api_.ov_layout_free);
  }

  const OpenVinoSource& source_;
  const ov::Api& api_;
};

Result<std::vector<int>> elements_fed(const OpenVinoSource& source) {
  for (const auto& output : source.file.outputs) {
    if (!openvino_element(output.element)) return Error(Code::invalid, "it has no column for " + output.text());
  }
  std::vector<int> elements;
  for (std::size_t i = 0; i < source.file.inputs.size(); ++i) {
    const auto& input = source.file.inputs[i];
    const auto element = openvino_element(input.element);
    if (!element) return Error(Code::invalid, "it takes no " + input.text());
    elements.push_back(picture_at(source, i) != nullptr ? static_cast<int>(ov::U8) : *element);
  }
  return elements;
}

struct Compiled {
  Owned<ov::ov_compiled_model_t> model;
  std::shared_ptr<const MappedFile> memory;
};

Result<Compiled> compiled_or_kept(const OpenVinoSource& source) {
  Compiler compiler(source);
  const auto name = cache_name(source);
  if (auto kept = source.file.whole ? find_model(name) : nullptr) {
    auto imported = compiler.import(kept->bytes());
    if (imported.ok()) return Compiled{*std::move(imported), std::move(kept)};
  }
  auto compiled = KLEIN_TRY(compiler.compile());
  if (source.file.whole) {
    keep_model(name, [&](const std::string& path) {
      return source.runtime.api.ov_compiled_model_export_model(compiled.get(), path.c_str()) == 0;
    });
  }
  return Compiled{std::move(compiled), nullptr};
}

}  // namespace

Result<std::shared_ptr<const OpenVinoProgram>> OpenVinoProgram::make(const OpenVinoSource& source) {
  auto elements = elements_fed(source);
  auto compiled = elements.ok() ? compiled_or_kept(source) : Result<Compiled>(elements.error());
  if (!compiled.ok()) {
    auto why = std::move(compiled).error();
    return Error(why.code(), "OpenVINO can't run this model, " + source.path + " (" + why.message() +
                                 "): runtime=\"onnxruntime\" may, in fp32 and int8");
  }
  return std::make_shared<const OpenVinoProgram>(
      source.runtime.api, compiled->model.release(), std::move(compiled->memory), *std::move(elements));
}

}  // namespace klein
