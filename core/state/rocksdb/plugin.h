#pragma once
// What klein_rocksdb.so gives to libklein, through the one C function that it exports. It is a shared object of its own
// so that nobody pays for RocksDB, and for the codecs that it brings, whose state is in memory.

#include <memory>

#include "state/keyed_store.h"

namespace klein {

struct RocksdbPlugin {
  Result<std::shared_ptr<KeyedStore>> (*open)(KeyedStoreOptions options);
};

Result<std::shared_ptr<KeyedStore>> open_rocksdb(KeyedStoreOptions options);

}  // namespace klein

extern "C" const klein::RocksdbPlugin* klein_rocksdb_plugin();
