#include "op/expression.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/expression.h>
#include <arrow/compute/registry.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "data/compute.h"

namespace klein {

namespace compute = arrow::compute;

namespace {

using Definitions = std::vector<std::pair<std::string, std::shared_ptr<const Expression>>>;

std::shared_ptr<const Expression> shared(compute::Expression expression) {
  return std::make_shared<const Expression>(std::make_shared<const compute::Expression>(std::move(expression)));
}

/// The column that a reference reads, also where it goes on into a struct; null where it is numbered, not named.
const std::string* column_of(const arrow::FieldRef& ref) {
  const auto* path = ref.nested_refs();
  const auto& first = path ? path->front() : ref;
  return first.IsName() ? first.name() : nullptr;
}

Result<compute::Expression> reference(const Value& column) {
  if (const auto* name = column.get<std::string>()) return compute::field_ref(*name);
  std::vector<arrow::FieldRef> path;
  const auto* parts = column.get<Value::List>();
  for (const auto& part : parts ? *parts : Value::List{}) {
    if (const auto* name = part.get<std::string>()) path.emplace_back(*name);
  }
  if (!parts || parts->empty() || path.size() != parts->size()) {
    return Error(Code::invalid, "a column in an expression is a name or a list of names, not " + kind_of(column));
  }
  return compute::field_ref(path.size() == 1 ? path.front() : arrow::FieldRef(std::move(path)));
}

Result<compute::Expression> parsed(const Value& json);

Result<compute::Expression> parsed_call(const Value::List& parts) {
  const auto* name = parts.empty() ? nullptr : parts.front().get<std::string>();
  if (!name) {
    return Error(Code::invalid,
                 "a list in an expression is a function's name and its arguments, such as "
                 "[\"greater\", {\"column\": \"price\"}, 3]; got " +
                     to_json(parts));
  }
  std::vector<compute::Expression> arguments;
  for (std::size_t i = 1; i < parts.size(); ++i) arguments.push_back(KLEIN_TRY(parsed(parts[i])));
  return compute::call(*name, std::move(arguments));
}

Result<compute::Expression> parsed(const Value& json) {
  if (const auto expression = json.object<Expression>()) return expression->arrow();
  if (json.is_null()) return compute::literal(arrow::MakeNullScalar(arrow::null()));
  if (const auto* flag = json.get<bool>()) return compute::literal(*flag);
  if (const auto* whole = json.get<std::int64_t>()) return compute::literal(*whole);
  if (const auto* real = json.get<double>()) return compute::literal(*real);
  if (const auto* text = json.get<std::string>()) return compute::literal(*text);
  if (const auto* list = json.get<Value::List>()) return parsed_call(*list);
  if (const auto* column = json.find("column"); column && json.get<Value::Map>()->size() == 1)
    return reference(*column);
  return Error(Code::invalid,
               "an expression is a column ({\"column\": name}), a literal or a list of a function's name "
               "and its arguments, not " +
                   kind_of(json) + ": " + to_json(json));
}

/// A definition in place of a column; of one of its fields where the reference goes on into a struct.
compute::Expression replaced(const arrow::FieldRef& ref, const compute::Expression& definition) {
  const auto* path = ref.nested_refs();
  if (!path) return definition;
  std::vector<arrow::FieldRef> rest(path->begin() + 1, path->end());
  return compute::call("struct_field", {definition},
                       compute::StructFieldOptions(rest.size() == 1 ? rest.front() : arrow::FieldRef(std::move(rest))));
}

compute::Expression substituted(const compute::Expression& expression, const Definitions& definitions) {
  if (const auto* ref = expression.field_ref()) {
    const auto* column = column_of(*ref);
    for (const auto& [name, definition] : definitions) {
      if (column && name == *column) return replaced(*ref, definition->arrow());
    }
    return expression;
  }
  const auto* call = expression.call();
  if (!call) return expression;
  std::vector<compute::Expression> arguments;
  for (const auto& argument : call->arguments) arguments.push_back(substituted(argument, definitions));
  return compute::call(call->function_name, std::move(arguments), call->options);
}

bool never_fails(const compute::Expression& expression) {
  static constexpr std::array<std::string_view, 30> total = {
      "equal",
      "not_equal",
      "less",
      "less_equal",
      "greater",
      "greater_equal",
      "and",
      "or",
      "xor",
      "and_kleene",
      "or_kleene",
      "and_not",
      "invert",
      "and_not_kleene",
      "is_null",
      "is_valid",
      "is_nan",
      "is_finite",
      "is_inf",
      "true_unless_null",
      "is_in",
      "if_else",
      "coalesce",
      "starts_with",
      "ends_with",
      "binary_length",
      "utf8_length",
      "struct_field",
      "max_element_wise",
      "min_element_wise"};
  const auto* call = expression.call();
  if (!call) return true;
  return std::find(total.begin(), total.end(), call->function_name) != total.end() &&
         std::all_of(call->arguments.begin(), call->arguments.end(), never_fails);
}

std::string types_of(const std::vector<compute::Expression>& arguments, const arrow::Schema& schema) {
  std::vector<std::string> types;
  for (const auto& argument : arguments) {
    const auto bound = argument.Bind(schema);
    types.push_back(bound.ok() && bound->type() ? text(*bound->type()) : "?");
  }
  return "(" + join(types) + ")";
}

/// Why `expression` does not bind, told of the innermost call that does not: Arrow's message names kernels.
Error explained(const compute::Expression& expression, const arrow::Schema& schema, const arrow::Status& status) {
  const auto in = " in " + expression.ToString();
  const auto* call = expression.call();
  if (!call) return Error(Code::invalid, status.message() + in);
  for (const auto& argument : call->arguments) {
    const auto bound = argument.Bind(schema);
    if (!bound.ok()) return explained(argument, schema, bound.status());
  }
  const auto& name = call->function_name;
  const auto* known = compute::GetFunctionRegistry();
  if (!known->GetFunction(name).ok()) {
    const auto close = nearest(name, known->GetFunctionNames());
    return Error(Code::not_found, "there is no function '" + name + "'" + in +
                                      (close.empty() ? "." : ". Did you mean '" + close + "'?"));
  }
  if (!status.IsNotImplemented() && !status.IsTypeError()) return Error(Code::invalid, status.message() + in);
  return Error(Code::invalid, "'" + name + "' does not go with " + types_of(call->arguments, schema) + in +
                                  "; cast an argument to another type");
}

arrow::Result<arrow::Datum> computed(const compute::Expression& bound, const arrow::RecordBatch& rows) {
  return compute::ExecuteScalarExpression(bound, compute::ExecBatch(rows));
}

/// The first row that fails, found by halving, where one fails by itself.
std::int64_t first_failing(const compute::Expression& bound, const arrow::RecordBatch& rows) {
  std::int64_t first = 0;
  for (auto count = rows.num_rows(); count > 1;) {
    const auto half = count / 2;
    const bool later = computed(bound, *rows.Slice(first, half)).ok();
    if (later) first += half;
    count = later ? count - half : half;
  }
  return first;
}

/// Why rows of `batch` can't be computed, told of the first that can't.
Error failure(const compute::Expression& bound, const Batch& batch, const arrow::Status& status) {
  const auto row = first_failing(bound, *batch.columns());
  const auto alone = computed(bound, *batch.columns()->Slice(row, 1));
  const auto what = "computing " + bound.ToString();
  if (alone.ok()) return to_error(status).while_doing(what);  // only many rows together fail
  return to_error(alone.status()).while_doing(what).at_row(batch.row_id(row));
}

}  // namespace

Expression::Expression(std::shared_ptr<const compute::Expression> expression) : expression_(std::move(expression)) {}

Result<std::shared_ptr<const Expression>> Expression::deserialize(BytesView serialized) {
  initialize_compute();  // knows the functions' options
  return shared(KLEIN_ARROW(compute::Deserialize(arrow::Buffer::FromString(std::string(serialized)))));
}

Result<std::shared_ptr<const Expression>> Expression::from_json(const Value& json) {
  return shared(KLEIN_TRY(parsed(json)));
}

std::string Expression::text() const { return expression_->ToString(); }

std::vector<std::string> Expression::columns() const {
  std::vector<std::string> names;
  for (const auto& ref : compute::FieldsInExpression(*expression_)) {
    const auto* name = column_of(ref);
    if (name && std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
  }
  return names;
}

bool Expression::total() const { return never_fails(*expression_); }

bool Expression::trivial() const { return expression_->call() == nullptr; }

std::shared_ptr<const Expression> Expression::both(const Expression& other) const {
  return shared(compute::and_(*expression_, *other.expression_));
}

std::shared_ptr<const Expression> Expression::substitute(const Definitions& definitions) const {
  return shared(substituted(*expression_, definitions));
}

BoundExpression::BoundExpression(std::shared_ptr<const compute::Expression> bound) : bound_(std::move(bound)) {
  const auto* parameter = bound_->parameter();
  if (parameter && parameter->indices.size() == 1) column_ = parameter->indices[0];
}

Result<BoundExpression> BoundExpression::make(const Expression& expression, const Schema& schema) {
  initialize_compute();
  for (const auto& column : expression.columns()) {
    auto index = schema.index(column);
    if (!index.ok()) return std::move(index).error().while_doing(expression.text());
  }
  auto bound = expression.arrow().Bind(*schema.arrow());
  if (!bound.ok()) return explained(expression.arrow(), *schema.arrow(), bound.status());
  if (!bound->IsScalarExpression()) {
    return Error(
        Code::invalid, "an expression computes a row from that row alone; this one needs others: " + expression.text());
  }
  return BoundExpression(std::make_shared<const compute::Expression>(std::move(bound).ValueUnsafe()));
}

std::shared_ptr<arrow::DataType> BoundExpression::type() const { return bound_->type()->GetSharedPtr(); }

Result<std::shared_ptr<arrow::Array>> BoundExpression::evaluate(const Batch& batch) const {
  if (column_ >= 0) return batch.columns()->column(column_);
  const auto values = computed(*bound_, *batch.columns());
  if (!values.ok()) return failure(*bound_, batch, values.status());
  if (values->is_scalar()) return KLEIN_ARROW(arrow::MakeArrayFromScalar(*values->scalar(), batch.rows()));
  if (values->is_array()) return values->make_array();
  return KLEIN_ARROW(arrow::Concatenate(values->chunked_array()->chunks()));
}

}  // namespace klein
