#include "network/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace klein {

namespace {

constexpr int high = 64;  // above the descriptors that the child gets, so that none is written over before it is copied

Error refused(const std::string& what, int problem) {
  return Error(Code::resource, "a worker process can't be started: " + what + ": " + std::strerror(problem));
}

struct Pipe {
  int read = -1, write = -1;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return refused("pipe", errno);
  Pipe pipe{fcntl(ends[0], F_DUPFD_CLOEXEC, high), fcntl(ends[1], F_DUPFD_CLOEXEC, high)};
  close(ends[0]);
  close(ends[1]);
  if (pipe.read < 0 || pipe.write < 0) return refused("pipe", errno);
  return pipe;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

/// What posix_spawn is told, gone with this.
class SpawnActions {
 public:
  SpawnActions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);  // a terminal's Ctrl-C is this process's to deal with
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  void give(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void work_in(const std::string& folder) { posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()); }
  int spawn(pid_t* pid, const Launch& launch) {
    auto command = pointers(launch.command), environment = pointers(launch.environment);
    return posix_spawnp(pid, command[0], &actions_, &attributes_, command.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_ = {};
  posix_spawnattr_t attributes_ = {};
};

std::string how(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "was killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
  }
  return "ended with exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const Launch& launch, int memory, int bell) {
  const auto input = KLEIN_TRY(make_pipe());
  const auto output = KLEIN_TRY(make_pipe());
  const auto errors = KLEIN_TRY(make_pipe());
  const int memory_high = fcntl(memory, F_DUPFD_CLOEXEC, high), bell_high = fcntl(bell, F_DUPFD_CLOEXEC, high);
  SpawnActions actions;
  actions.give(input.read, STDIN_FILENO);
  actions.give(output.write, STDOUT_FILENO);
  actions.give(errors.write, STDERR_FILENO);
  actions.give(memory_high, memory_descriptor);
  actions.give(bell_high, bell_descriptor);
  if (!launch.folder.empty()) actions.work_in(launch.folder);
  pid_t pid = -1;
  const int problem = actions.spawn(&pid, launch);
  for (const int descriptor : {input.read, output.write, errors.write, memory_high, bell_high}) close(descriptor);
  std::unique_ptr<WorkerProcess> made(new WorkerProcess);
  made->input_ = input.write;
  made->output_ = output.read;
  made->errors_ = errors.read;
  if (problem != 0) {
    const auto where = launch.folder.empty() ? "" : " in the folder " + launch.folder;
    return refused(launch.command[0] + where, problem);
  }
  made->pid_ = pid;
  made->pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (made->pidfd_ < 0) return refused("pidfd_open", errno);
  for (const int descriptor : {output.read, errors.read}) fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return made;
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0 && !ended()) {
    kill();
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  for (const int descriptor : {pidfd_, input_, output_, errors_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

// By the pidfd: the number may be another process's by now.
void WorkerProcess::kill() const { syscall(SYS_pidfd_send_signal, pidfd_, SIGKILL, nullptr, 0); }

std::optional<std::string> WorkerProcess::ended() {
  if (ended_) return ended_;
  int status = 0;
  const int got = waitpid(pid_, &status, WNOHANG);
  if (got == pid_) ended_ = how(status);
  if (got < 0 && errno == ECHILD) ended_ = "ended, and somebody else in this process took its exit status";
  return ended_;
}

std::int64_t WorkerProcess::memory() const {
  const auto path = "/proc/" + std::to_string(pid_) + "/statm";
  auto* file = std::fopen(path.c_str(), "r");
  if (!file) return 0;
  long long size = 0, resident = 0, shared = 0;
  const int read = std::fscanf(file, "%lld %lld %lld", &size, &resident, &shared);
  std::fclose(file);
  return read == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace klein
