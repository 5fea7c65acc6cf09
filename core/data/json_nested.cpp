// Columns of lists, tensors and objects, made of the columns of what is within them.

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <vector>

#include "data/json_builder.h"

namespace klein {

namespace {

class ListBuilder final : public JsonBuilder {
 public:
  ListBuilder(Type type, std::unique_ptr<JsonBuilder> items) : JsonBuilder(std::move(type)), items_(std::move(items)) {}
  bool add_null(JsonScanner& json) override {
    present_.add_null();
    return ends_.add(ends_.last()) || full(json);
  }
  void cut(std::int64_t length) override {
    present_.cut(length);
    ends_.cut(length);
    items_->cut(static_cast<std::int64_t>(ends_.last()));
  }
  Data finish() override {
    auto ends = ends_.finish();
    return column_of(type_, present_, {std::move(ends)}, {items_->finish()});
  }

 protected:
  bool take_value(JsonScanner& json) override {
    if (json.next() != '[') return mistyped(json);
    json.take('[');
    if (!items_->take_items(json)) return false;
    present_.add();
    return ends_.add(static_cast<std::size_t>(items_->length())) || full(json);
  }

 private:
  const std::unique_ptr<JsonBuilder> items_;
  Ends ends_;
};

/// Lists within lists of numbers, each as long as the shape says, with no null among them.
class TensorBuilder final : public JsonBuilder {
 public:
  TensorBuilder(Type type, std::vector<std::int64_t> shape, std::unique_ptr<JsonBuilder> cells)
      : JsonBuilder(std::move(type)), shape_(std::move(shape)), cells_(std::move(cells)) {
    for (const auto size : shape_) size_ *= size;
  }
  bool add_null(JsonScanner& json) override {
    present_.add_null();
    for (std::int64_t i = 0; i < size_; ++i) {
      if (!cells_->add_null(json)) return false;
    }
    return true;
  }
  void cut(std::int64_t length) override {
    present_.cut(length);
    cells_->cut(length * size_);
  }
  Data finish() override { return column_of(type_, present_, {}, {cells_->finish()}); }

 protected:
  bool take_value(JsonScanner& json) override {
    if (!take_part(json, 0)) return false;
    present_.add();
    return true;
  }

 private:
  bool take_part(JsonScanner& json, std::size_t dimension) {
    if (json.next() != '[') return mistyped(json);
    json.take('[');
    const auto wanted = shape_[dimension], before = cells_->length();
    std::int64_t count = 0;
    if (dimension + 1 == shape_.size()) {
      if (!cells_->take_items(json)) return false;
      count = cells_->length() - before;
    } else if (!json.take(']')) {
      do {
        if (!take_part(json, dimension + 1)) return false;
        ++count;
      } while (json.take(','));
      if (!json.expect(']', "a comma or ]")) return false;
    }
    return count == wanted ||
           unfit(json, "a list of " + std::to_string(count) + " where " + std::to_string(wanted) + " are wanted");
  }

  const std::vector<std::int64_t> shape_;
  std::int64_t size_ = 1;
  const std::unique_ptr<JsonBuilder> cells_;
};

class ObjectBuilder final : public JsonBuilder {
 public:
  struct Member {
    std::string name;
    std::unique_ptr<JsonBuilder> values;
  };
  ObjectBuilder(Type type, std::vector<Member> members) : JsonBuilder(std::move(type)), members_(std::move(members)) {}
  bool add_null(JsonScanner& json) override {
    present_.add_null();
    return fill(json);
  }
  void cut(std::int64_t length) override {
    present_.cut(length);
    for (auto& member : members_) member.values->cut(length);
  }
  Data finish() override {
    std::vector<Data> children;
    for (auto& member : members_) children.push_back(member.values->finish());
    return column_of(type_, present_, {}, std::move(children));
  }

 protected:
  bool take_value(JsonScanner& json) override {
    if (json.next() != '{') return mistyped(json);
    json.take('{');
    std::size_t likely = 0;
    if (!json.take('}')) {
      do {
        if (!take_member(json, likely)) return false;
      } while (json.take(','));
      if (!json.expect('}', "a comma or }")) return false;
    }
    present_.add();
    return fill(json);
  }

 private:
  bool take_member(JsonScanner& json, std::size_t& likely) {
    std::string_view name;
    if (!json.text(name)) return false;
    const auto place = place_of(name, likely);
    if (!json.expect(':', "a colon")) return false;
    if (place == members_.size()) return json.skip();
    likely = place + 1;
    auto& member = members_[place];
    if (member.values->length() > present_.length()) {
      json.fail("there twice");
      return json.within(member.name);
    }
    return member.values->take(json) || json.within(member.name);
  }

  /// Objects bring their members in the same order mostly, so that the next one is `likely`.
  std::size_t place_of(std::string_view name, std::size_t likely) const {
    if (likely < members_.size() && members_[likely].name == name) return likely;
    std::size_t place = 0;
    while (place < members_.size() && members_[place].name != name) ++place;
    return place;
  }

  /// What the object lacked is null.
  bool fill(JsonScanner& json) {
    for (auto& member : members_) {
      if (member.values->length() < present_.length() && !member.values->add_null(json))
        return json.within(member.name);
    }
    return true;
  }

  std::vector<Member> members_;
};

std::unique_ptr<JsonBuilder> make_tensor(const JsonBuilder::Type& type, std::vector<std::int64_t> shape,
                                         const JsonBuilder::Type& cell) {
  auto cells = arrow::is_integer(cell->id()) || arrow::is_floating(cell->id()) ? JsonBuilder::make(cell) : nullptr;
  if (!cells || shape.empty()) return nullptr;
  return std::make_unique<TensorBuilder>(type, std::move(shape), std::move(cells));
}

}  // namespace

std::unique_ptr<JsonBuilder> make_nested_json(const JsonBuilder::Type& type) {
  if (type->id() == arrow::Type::LIST) {
    auto items = JsonBuilder::make(type->field(0)->type());
    return items ? std::make_unique<ListBuilder>(type, std::move(items)) : nullptr;
  }
  if (const auto* list = dynamic_cast<const arrow::FixedSizeListType*>(type.get()))
    return make_tensor(type, {list->list_size()}, list->value_type());
  if (const auto* tensor = dynamic_cast<const arrow::extension::FixedShapeTensorType*>(type.get()))
    return make_tensor(type, tensor->shape(), tensor->value_type());
  if (type->id() != arrow::Type::STRUCT) return nullptr;
  std::vector<ObjectBuilder::Member> members;
  for (const auto& field : type->fields()) {
    auto values = JsonBuilder::make(field->type());
    if (!values) return nullptr;
    members.push_back({field->name(), std::move(values)});
  }
  return std::make_unique<ObjectBuilder>(type, std::move(members));
}

}  // namespace klein
