// The door to the plug-in that has RocksDB.

#include "base/plugin.h"
#include "state/keyed_store.h"
#include "state/rocksdb/plugin.h"

namespace klein {

Result<std::shared_ptr<KeyedStore>> make_disk_keyed_store(KeyedStoreOptions options) {
  static const auto opened = open_plugin("klein_rocksdb", "State on disk");
  if (!opened.ok()) return opened.error();
  return static_cast<const RocksdbPlugin*>(*opened)->open(std::move(options));
}

}  // namespace klein
