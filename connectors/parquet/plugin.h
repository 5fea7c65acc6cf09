#pragma once
// What klein_parquet.so gives to libklein, through the one C function that it exports. It is a shared object of its own
// because the Parquet library brings a whole libcrypto and simdjson, which must meet no other copy.

#include <memory>
#include <string>

#include "op/registry.h"

namespace klein {

struct ParquetPlugin {
  Result<std::unique_ptr<Source>> (*read)(const Params& params);
  Result<std::unique_ptr<Sink>> (*write)(const Params& params);
  Result<> (*form)(const std::string& log, const std::string& file);
};

Result<std::unique_ptr<Source>> make_parquet_source(const Params& params);
Result<std::unique_ptr<Sink>> make_parquet_sink(const Params& params);
/// Writes what a log of rows holds as a Parquet file, with the options that the log notes.
Result<> form_parquet_file(const std::string& log, const std::string& file);

}  // namespace klein

extern "C" const klein::ParquetPlugin* klein_parquet_plugin();
