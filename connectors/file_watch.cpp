#include "connectors/file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

#include "base/duration.h"
#include "connectors/paths.h"
#include "state/key_groups.h"

namespace klein {

namespace {

struct Known {
  std::int64_t horizon = 0;  // nanoseconds since 1970: all that changed earlier was found
  std::int64_t count = 0;
  std::vector<std::uint64_t> hashes = {};  // of the newest, in order

  bool has(std::uint64_t hash) const { return std::binary_search(hashes.begin(), hashes.end(), hash); }

  Bytes to_position() const {
    auto text = std::to_string(horizon) + " " + std::to_string(count);
    for (const auto hash : hashes) {
      char digits[24];
      std::snprintf(digits, sizeof digits, " %llx", static_cast<unsigned long long>(hash));
      text += digits;
    }
    return text;
  }

  static Result<Known> from_position(BytesView position) {
    Known known;
    const char *next = position.data(), *const end = next + position.size();
    const auto read = [&](auto& number, int base) {
      const auto [stop, failed] = std::from_chars(next, end, number, base);
      const bool whole = failed == std::errc() && (stop == end || *stop == ' ');
      next = stop == end ? end : stop + 1;
      return whole;
    };
    if (position.empty()) return known;
    bool whole = read(known.horizon, 10) && next != end && read(known.count, 10);
    while (whole && next != end) whole = read(known.hashes.emplace_back(), 16);
    if (!whole) return Error(Code::corrupt, "what a checkpoint knows of a folder's files can't be read");
    return known;
  }
};

struct Seen {
  std::int64_t changed;  // nanoseconds since 1970
  std::uint64_t hash;
  const std::string* path;
};

/// When a file came or was last changed: what moves it here sets this time, however old its rows are. Nothing: it is
/// gone again.
std::optional<std::int64_t> changed_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
}

/// Keeps the newest, and sets the horizon where some are let go; where there is room, also those that are gone from the
/// folder: one that comes back under its name was read.
void remember(std::vector<Seen> seen, std::size_t most, Known& known) {
  auto gone = std::move(known.hashes);
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.changed > b.changed; });
  if (seen.size() > most) {
    known.horizon = std::max(known.horizon, seen[most].changed + 1);
    seen.resize(most);
  }
  known.hashes.clear();
  for (const auto& file : seen) known.hashes.push_back(file.hash);
  std::sort(known.hashes.begin(), known.hashes.end());
  std::erase_if(gone, [&](std::uint64_t hash) { return known.has(hash); });
  if (gone.size() > most - known.hashes.size()) gone.resize(most - known.hashes.size());
  known.hashes.insert(known.hashes.end(), gone.begin(), gone.end());
  std::sort(known.hashes.begin(), known.hashes.end());
}

}  // namespace

FileWatch::FileWatch(std::int64_t interval, Files files, std::size_t remember)
    : interval_(interval), files_(std::move(files)), remember_(remember) {}

Result<std::unique_ptr<FileWatch>> FileWatch::make(const Params& params, Files files) {
  if (params.is_null("watch")) return nullptr;
  auto interval = duration_from(params.string("watch"));
  if (!interval.ok()) return std::move(interval).error().while_doing("watch");
  if (*interval < 1'000'000) return Error(Code::invalid, "watch is at least 1ms: " + params.string("watch"));
  return std::make_unique<FileWatch>(*interval, std::move(files));
}

Result<Found> FileWatch::look(BytesView since) const {
  auto known = KLEIN_TRY(Known::from_position(since));
  const auto paths = KLEIN_TRY(files_.list());
  std::vector<Seen> seen;
  Found found;
  for (const auto& path : paths) {
    const auto changed = changed_at(path);
    if (!changed) continue;
    seen.push_back({*changed, hash_key(path), &path});
    if (*changed < known.horizon || known.has(seen.back().hash)) continue;
    for (auto& split : KLEIN_TRY(files_.to_splits(path))) {
      split.order = known.count++;
      found.splits.push_back(std::move(split));
    }
  }
  remember(std::move(seen), remember_, known);
  found.position = known.to_position();
  return found;
}

Param watch_param() {
  return {.name = "watch",
          .type = ParamType::string,
          .doc =
              "How often to look for files that have come, such as \"1s\": the flow then never ends. Move files into "
              "the folder when they are whole; a name that begins with . or _ is passed over until it is changed.",
          .fallback = Value(),
          .keyword_only = true};
}

}  // namespace klein
