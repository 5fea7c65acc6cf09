#include "connectors/folders.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "data/compute.h"

namespace klein {

namespace {

constexpr const char* no_value = "__HIVE_DEFAULT_PARTITION__";

void append_escaped(std::string_view value, std::string& folder) {
  static constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte > 0x20 && byte != 0x7f && std::string_view("/%=:\\\"'?*<>|#[]{}^").find(c) == std::string::npos;
    if (plain) {
      folder += c;
    } else {
      ((folder += '%') += digits[byte >> 4U]) += digits[byte & 15U];
    }
  }
}

bool has_short_text(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_base_binary_like(type.id()) || arrow::is_date(type.id()) ||
         type.id() == arrow::Type::BOOL || type.id() == arrow::Type::TIMESTAMP;
}

Result<std::vector<std::shared_ptr<arrow::StringArray>>> texts_of(const Batch& batch,
                                                                  const std::vector<std::string>& columns) {
  initialize_compute();
  std::vector<std::shared_ptr<arrow::StringArray>> texts;
  for (const auto& name : columns) {
    const auto& column = batch.columns()->column(KLEIN_TRY(batch.schema().index(name)));
    const auto text = KLEIN_ARROW(arrow::compute::Cast(*column, arrow::utf8()));
    texts.push_back(std::static_pointer_cast<arrow::StringArray>(text));
  }
  return texts;
}

}  // namespace

Result<> check_folder_columns(const std::vector<std::string>& columns) {
  std::set<std::string> seen;
  for (const auto& name : columns) {
    const bool hidden = name.empty() || name.front() == '_' || name.front() == '.';
    if (hidden || name.find('/') != std::string::npos || name.find('=') != std::string::npos) {
      return Error(Code::invalid, "partition_by can't make folders of the column '" + name +
                                      "': readers pass over names that begin with _ or ., and / and = have a meaning; "
                                      "rename the column first");
    }
    if (!seen.insert(name).second) return Error(Code::invalid, "partition_by names the column '" + name + "' twice");
  }
  return {};
}

Result<Schema> without(const Schema& schema, const std::vector<std::string>& columns) {
  auto rest = schema.arrow();
  for (const auto& name : columns) {
    const auto type = KLEIN_TRY(schema.type(name));
    if (!has_short_text(*type) && type->id() != arrow::Type::NA) {
      return Error(Code::invalid, "partition_by makes folders of whole numbers, texts, truths and times; the column '" +
                                      name + "' is " + text(*type));
    }
    rest = KLEIN_ARROW(rest->RemoveField(rest->GetFieldIndex(name)));
  }
  if (!columns.empty() && rest->num_fields() == 0)
    return Error(Code::invalid, "partition_by names every column, so nothing is left to write into files");
  return Schema(rest);
}

Result<std::vector<std::pair<std::string, Batch>>> by_folder(const Batch& batch,
                                                             const std::vector<std::string>& columns) {
  const auto texts = KLEIN_TRY(texts_of(batch, columns));
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> groups;
  std::unordered_map<std::string, std::size_t> places;
  std::string folder;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    folder.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      folder += columns[i] + "=";
      append_escaped(texts[i]->IsNull(row) ? no_value : texts[i]->GetView(row), folder);
      folder += '/';
    }
    const auto place = places.try_emplace(folder, groups.size());
    if (place.second) groups.emplace_back(folder, std::vector<std::int64_t>());
    groups[place.first->second].second.push_back(row);
  }
  auto rest = batch.columns();
  for (const auto& name : columns) rest = KLEIN_ARROW(rest->RemoveColumn(rest->schema()->GetFieldIndex(name)));
  const auto bare = batch.with(rest);
  std::vector<std::pair<std::string, Batch>> result;
  for (auto& [name, rows] : groups) {
    result.emplace_back(name, groups.size() == 1 ? bare : KLEIN_TRY(bare.pick(rows)));
  }
  return result;
}

}  // namespace klein
