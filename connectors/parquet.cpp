// read_parquet, write_parquet: their rows. What they do is in klein_parquet.so, opened when the first of them is made.

#include "base/plugin.h"
#include "connectors/file_sink.h"
#include "connectors/file_watch.h"
#include "connectors/parquet/plugin.h"

namespace klein {

namespace {

Result<const ParquetPlugin*> plugin() {
  static const auto opened = open_plugin("klein_parquet", "Parquet");
  return static_cast<const ParquetPlugin*>(KLEIN_TRY(opened));
}

Result<> form(const std::string& log, const std::string& file) { return KLEIN_TRY(plugin())->form(log, file); }

SourceKind read_kind() {
  return {
      .name = "read_parquet",
      .doc =
          "Rows of Parquet files. A row group is a split; row groups whose statistics rule the filter out are not "
          "read.",
      .params = {{.name = "path",
                  .type = ParamType::strings,
                  .doc =
                      "A file, a folder (its *.parquet files, at any depth), a pattern like \"photos/*.parquet\", or a "
                      "list of these."},
                 {.name = "columns",
                  .type = ParamType::strings,
                  .doc = "Those to read, in this order; by default all.",
                  .fallback = Value()},
                 {.name = "filter",
                  .type = ParamType::expression,
                  .doc = "Read only the rows for which it is true.",
                  .fallback = Value(),
                  .keyword_only = true},
                 {.name = "limit",
                  .type = ParamType::int64,
                  .doc = "No more rows than these are wanted, so reading may end early. With a filter more may come: "
                         "the step `limit` is exact.",
                  .fallback = Value(),
                  .keyword_only = true},
                 watch_param()},
      .make = [](const Params& params) -> Result<std::unique_ptr<Source>> {
        return KLEIN_TRY(plugin())->read(params);
      }};
}

SinkKind write_kind() {
  return {
      .name = "write_parquet",
      .doc =
          "Write Parquet files into a folder. They are staged in a hidden folder inside it and renamed when the job "
          "ends well: a reader sees all of the output or none.",
      .params = file_params(
          "parquet",
          {{.name = "compression",
            .type = ParamType::string,
            .doc = "How pages are compressed.",
            .fallback = "zstd",
            .choices = {"zstd", "snappy", "lz4", "gzip", "none"},
            .keyword_only = true},
           {.name = "row_group_rows",
            .type = ParamType::int64,
            .doc = "Rows in a row group at most.",
            .fallback = 1 << 20,
            .keyword_only = true},
           {.name = "row_group_bytes",
            .type = ParamType::int64,
            .doc = "Bytes in a row group, before compression, after which the next one begins; a writer holds about so "
                   "much in memory for each file that is open.",
            .fallback = 32 << 20,
            .keyword_only = true}}),
      .make = [](const Params& params) -> Result<std::unique_ptr<Sink>> { return KLEIN_TRY(plugin())->write(params); },
      .committer = [](Store*) -> Result<std::unique_ptr<Committer>> { return make_file_committer(form); }};
}

}  // namespace

void register_parquet(Registry& registry) {
  registry.add(read_kind());
  registry.add(write_kind());
}

}  // namespace klein
