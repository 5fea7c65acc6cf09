#include "state/rocksdb/plugin.h"

extern "C" const klein::RocksdbPlugin* klein_rocksdb_plugin() {
  static constexpr klein::RocksdbPlugin plugin{.open = klein::open_rocksdb};
  return &plugin;
}
