// A keyed store in RocksDB. Nothing of it outlives the job: no log is written ahead, nothing is flushed at the end.

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "state/rocksdb/plugin.h"

namespace klein {

namespace {

constexpr std::int64_t least_memory = 4 << 20;

Error error_of(const rocksdb::Status& status) {
  const auto code = status.IsCorruption() ? Code::corrupt : status.IsNoSpace() ? Code::resource : Code::io;
  return Error(code, "state on disk: " + status.ToString());
}

#define KLEIN_ROCKSDB_OK(expression)                                                               \
  do {                                                                                             \
    if (const auto klein_status = (expression); !klein_status.ok()) return error_of(klein_status); \
  } while (false)

rocksdb::Slice slice(BytesView bytes) { return {bytes.data(), bytes.size()}; }

/// The first bytes behind all that begin with `prefix`; nothing: there are none.
std::optional<Bytes> behind(BytesView prefix) {
  Bytes bytes(prefix);
  while (!bytes.empty() && static_cast<unsigned char>(bytes.back()) == 0xff) bytes.pop_back();
  if (bytes.empty()) return std::nullopt;
  bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) + 1);
  return bytes;
}

/// Drops what is over when files are merged.
class Over final : public rocksdb::CompactionFilter {
 public:
  explicit Over(std::function<bool(BytesView, BytesView)> over) : over_(std::move(over)) {}
  const char* Name() const override { return "klein.over"; }
  bool IgnoreSnapshots() const override { return true; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*, bool*) const override {
    return over_(BytesView(key.data(), key.size()), BytesView(value.data(), value.size()));
  }

 private:
  const std::function<bool(BytesView, BytesView)> over_;
};

/// The database, and what it calls while it is open.
struct Opened {
  ~Opened() {
    if (database) (void)database->Close();
  }
  std::string folder;
  std::unique_ptr<Over> over;
  std::shared_ptr<rocksdb::Cache> cache;
  std::unique_ptr<rocksdb::DB> database;
};

Result<std::vector<std::optional<Bytes>>> get_from(rocksdb::DB& database, const rocksdb::ReadOptions& options,
                                                   const std::vector<Bytes>& keys) {
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const auto& key : keys) slices.push_back(slice(key));
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database.MultiGet(options, database.DefaultColumnFamily(), keys.size(), slices.data(), found.data(), statuses.data());
  std::vector<std::optional<Bytes>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    KLEIN_ROCKSDB_OK(statuses[i]);
    values[i] = found[i].ToString();
  }
  return values;
}

/// A moment of the database, which it keeps while this lives.
struct Held {
  explicit Held(std::shared_ptr<Opened> from) : opened(std::move(from)), snapshot(opened->database->GetSnapshot()) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { opened->database->ReleaseSnapshot(snapshot); }
  const std::shared_ptr<Opened> opened;
  const rocksdb::Snapshot* const snapshot;
};

class RocksdbCursor final : public KeyedCursor {
 public:
  /// Keeps what it reads open.
  RocksdbCursor(std::shared_ptr<Opened> opened, std::shared_ptr<const Held> held, rocksdb::ReadOptions options,
                BytesView prefix)
      : opened_(std::move(opened)), held_(std::move(held)), prefix_(prefix) {
    options.fill_cache = false;  // a scan would drive out what is asked for
    entry_.reset(opened_->database->NewIterator(options));
  }
  Result<bool> next() override {
    if (ended_) return false;
    if (begun_)
      entry_->Next();
    else
      entry_->Seek(slice(prefix_));
    begun_ = true;
    ended_ = !entry_->Valid() || !entry_->key().starts_with(slice(prefix_));
    if (!entry_->Valid()) KLEIN_ROCKSDB_OK(entry_->status());
    return !ended_;
  }
  BytesView key() const override { return {entry_->key().data(), entry_->key().size()}; }
  BytesView value() const override { return {entry_->value().data(), entry_->value().size()}; }

 private:
  const std::shared_ptr<Opened> opened_;
  const std::shared_ptr<const Held> held_;
  const Bytes prefix_;
  std::unique_ptr<rocksdb::Iterator> entry_;
  bool begun_ = false, ended_ = false;
};

class RocksdbView final : public KeyedView {
 public:
  explicit RocksdbView(std::shared_ptr<Opened> opened)
      : opened_(std::move(opened)), held_(std::make_shared<Held>(opened_)) {
    options_.snapshot = held_->snapshot;
  }
  Result<std::vector<std::optional<Bytes>>> get(const std::vector<Bytes>& keys) const override {
    return get_from(*opened_->database, options_, keys);
  }
  std::unique_ptr<KeyedCursor> scan(BytesView prefix) const override {
    return std::make_unique<RocksdbCursor>(opened_, held_, options_, prefix);
  }

 private:
  const std::shared_ptr<Opened> opened_;
  const std::shared_ptr<const Held> held_;
  rocksdb::ReadOptions options_;
};

class RocksdbStore final : public KeyedStore {
 public:
  explicit RocksdbStore(std::shared_ptr<Opened> opened) : opened_(std::move(opened)) { write_.disableWAL = true; }
  Result<std::vector<std::optional<Bytes>>> get(const std::vector<Bytes>& keys) const override {
    return get_from(database(), rocksdb::ReadOptions(), keys);
  }
  std::unique_ptr<KeyedCursor> scan(BytesView prefix) const override {
    return std::make_unique<RocksdbCursor>(opened_, nullptr, rocksdb::ReadOptions(), prefix);
  }
  Result<> write(const std::vector<Change>& changes) override {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : changes) {
      KLEIN_ROCKSDB_OK(value ? batch.Put(slice(key), slice(*value)) : batch.Delete(slice(key)));
    }
    KLEIN_ROCKSDB_OK(database().Write(write_, &batch));
    return {};
  }
  Result<> remove(BytesView prefix) override {
    const auto end = behind(prefix);
    if (!end) return Error(Code::internal, "state on disk: all keys can't be removed at once");
    auto* family = database().DefaultColumnFamily();
    KLEIN_ROCKSDB_OK(database().DeleteRange(write_, family, slice(prefix), slice(*end)));
    return {};
  }
  std::shared_ptr<const KeyedView> view() override { return std::make_shared<RocksdbView>(opened_); }
  StateSize size() const override {
    const auto read = [&](const std::string& property) {
      std::uint64_t number = 0;
      (void)database().GetIntProperty(property, &number);
      return static_cast<std::int64_t>(number);
    };
    return {.memory = read(rocksdb::DB::Properties::kSizeAllMemTables) +
                      read(rocksdb::DB::Properties::kEstimateTableReadersMem) +
                      static_cast<std::int64_t>(opened_->cache->GetUsage()),
            .disk = read(rocksdb::DB::Properties::kTotalSstFilesSize),
            .keys = read(rocksdb::DB::Properties::kEstimateNumKeys)};
  }

 private:
  rocksdb::DB& database() const { return *opened_->database; }

  const std::shared_ptr<Opened> opened_;
  rocksdb::WriteOptions write_;
};

/// Half of the memory is for blocks that were read, half for rows that are not in a file yet.
rocksdb::Options options_for(const KeyedStoreOptions& given, Opened& opened) {
  const auto memory = static_cast<std::size_t>(std::max(given.memory, least_memory));
  opened.cache = rocksdb::NewLRUCache(memory / 2);
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = opened.cache;
  table.cache_index_and_filter_blocks = true;  // they count as what is cached, or memory would grow with the files
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;  // it is scratch: what is there is another's
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = memory / 4;
  options.max_write_buffer_number = 2;
  options.target_file_size_base = std::max<std::size_t>(memory / 4, 4 << 20);
  options.max_bytes_for_level_base = 4 * options.target_file_size_base;
  options.compression = rocksdb::kLZ4Compression;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.keep_log_file_num = 1;
  options.avoid_flush_during_shutdown = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  if (given.over) {
    opened.over = std::make_unique<Over>(given.over);
    options.compaction_filter = opened.over.get();
  }
  return options;
}

}  // namespace

Result<std::shared_ptr<KeyedStore>> open_rocksdb(KeyedStoreOptions options) {
  auto opened = std::make_shared<Opened>();
  opened->folder = options.folder;
  rocksdb::DB* database = nullptr;
  KLEIN_ROCKSDB_OK(rocksdb::DB::Open(options_for(options, *opened), options.folder, &database));
  opened->database.reset(database);
  return std::make_shared<RocksdbStore>(std::move(opened));
}

}  // namespace klein
