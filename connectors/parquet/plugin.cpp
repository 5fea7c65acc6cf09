#include "connectors/parquet/plugin.h"

extern "C" const klein::ParquetPlugin* klein_parquet_plugin() {
  static constexpr klein::ParquetPlugin plugin{
      .read = klein::make_parquet_source, .write = klein::make_parquet_sink, .form = klein::form_parquet_file};
  return &plugin;
}
