#include "runtime/state_room.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "state/key_groups.h"

namespace klein {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view beginning = "klein-state-";
constexpr auto owner = "/owner";

Error system_error(const std::string& what) { return Error(Code::io, what + ": " + std::strerror(errno)); }

/// Folders whose owners are no more: nobody has their locks.
void remove_left(const fs::path& where) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(where, ignored)) {
    const auto path = entry.path().string();
    if (entry.path().filename().string().rfind(beginning, 0) != 0) continue;
    const int lock = open((path + owner).c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) continue;  // another user's, or just being made
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(path, ignored);
    close(lock);
  }
}

/// The file is locked before it has its name: whoever finds it finds it so.
Result<int> own(const std::string& folder) {
  const auto made = folder + owner + ".new";
  const int lock = open(made.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return system_error("a folder for state can't be written to, " + folder);
  if (flock(lock, LOCK_EX | LOCK_NB) == 0 && std::rename(made.c_str(), (folder + owner).c_str()) == 0) return lock;
  auto error = system_error("a folder for state can't be locked, " + folder);
  close(lock);
  return error;
}

}  // namespace

Result<std::unique_ptr<StateRoom>> StateRoom::make(std::int64_t memory, const PhysicalView& view,
                                                   const Registry& registry) {
  std::error_code failed;
  const auto where = fs::temp_directory_path(failed);
  if (failed) return Error(Code::io, "there is no folder for temporary files, set TMPDIR: " + failed.message());
  remove_left(where);
  auto folder = (where / (std::string(beginning) + "XXXXXX")).string();
  if (!mkdtemp(folder.data())) return system_error("a folder for state can't be made, " + folder);
  const int lock = KLEIN_TRY(own(folder));
  std::int64_t takers = 0;
  for (const auto& task : view.tasks) {
    for (const int step : view.execution.chains[static_cast<std::size_t>(task.chain)].steps) {
      const auto* kind = registry.find_operator(view.execution.plan.steps[static_cast<std::size_t>(step)].kind);
      takers += kind && kind->late ? 1 : 0;
    }
  }
  return std::unique_ptr<StateRoom>(
      new StateRoom(folder, lock, std::max<std::int64_t>(1, memory / std::max<std::int64_t>(1, takers))));
}

StateRoom::~StateRoom() {
  std::error_code ignored;
  // A store that is still open may write a file meanwhile; not for ever, once its folder is gone.
  for (int tries = 0; tries < 100 && fs::exists(folder_, ignored); ++tries) fs::remove_all(folder_, ignored);
  close(lock_);
}

void StateRoom::give(Context& context) const {
  const auto step = std::to_string(hash_key(context.step));  // a name may have letters that a path may not
  context.state_folder = folder_ + "/" + step + "-" + std::to_string(context.task);
  context.state_memory = share_;
}

}  // namespace klein
