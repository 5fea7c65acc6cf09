#pragma once
// Folders by value: rows with equal values in some columns go into one folder, `column=value/`, which then stands for
// these columns.

#include <string>
#include <utility>
#include <vector>

#include "data/batch.h"

namespace klein {

/// Refuses names for which no folder can stand, and a column that is named twice.
Result<> check_folder_columns(const std::vector<std::string>& columns);

/// The schema without these columns, each of which must be there, of a type that has a short text; one must be left.
Result<Schema> without(const Schema& schema, const std::vector<std::string>& columns);

/// The rows by their folders, each ending in '/', in the order in which they first occur; without `columns`. A null's
/// folder is `column=__HIVE_DEFAULT_PARTITION__`, and what a file name can't hold is written as `%` and two digits.
Result<std::vector<std::pair<std::string, Batch>>> by_folder(const Batch& batch,
                                                             const std::vector<std::string>& columns);

}  // namespace klein
