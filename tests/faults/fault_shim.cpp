/// Preloaded into the program (LD_PRELOAD), it fails the n-th call of one kind on files under given
/// folders. The environment says which:
///   FAULTS_FOLDERS  absolute folders, divided by colons
///   FAULTS_CALL     open, read, write, rename, fsync, mmap or truncate
///   FAULTS_ERRNO    the number of the error
///   FAULTS_NTH      which call fails, from 1; 0 only counts
///   FAULTS_LASTING  1: all later calls fail too
///   FAULTS_STATE    a file of `State`, shared by all processes that count together
/// Calls inside the C library cannot be caught, so its streams and folders are wrapped as well.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// The names below are what the C library exports; its headers declare some of them as aliases.
#undef open
#undef fopen

namespace {

enum class Call { kNone, kOpen, kRead, kWrite, kRename, kFsync, kMmap, kTruncate };

constexpr const char* kNames[] = {"",       "open",  "read", "write",
                                  "rename", "fsync", "mmap", "truncate"};

/// What the driver reads afterwards.
struct State {
  std::atomic<std::int64_t> calls;
  std::atomic<std::int64_t> faults;
  char path[PATH_MAX];  // of the first call that failed
};

struct Settings {
  const char* folders = nullptr;
  Call call = Call::kNone;
  int error = 0;
  std::int64_t nth = 0;
  bool lasts = false;
  State* state = nullptr;
} settings;

void* map_file(void* address, std::size_t size, int protection, int flags, int descriptor,
               off_t offset) {
  return reinterpret_cast<void*>(
      ::syscall(SYS_mmap, address, size, protection, flags, descriptor, offset));
}

std::int64_t number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoll(text);
}

__attribute__((constructor)) void begin() {
  const char* call = std::getenv("FAULTS_CALL");
  const char* file = std::getenv("FAULTS_STATE");
  settings.folders = std::getenv("FAULTS_FOLDERS");
  if (call == nullptr || file == nullptr || settings.folders == nullptr) return;
  settings.error = static_cast<int>(number("FAULTS_ERRNO"));
  settings.nth = number("FAULTS_NTH");
  settings.lasts = number("FAULTS_LASTING") != 0;
  const auto descriptor = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_RDWR, 0));
  if (descriptor < 0) std::abort();
  void* state = map_file(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (state == MAP_FAILED) std::abort();
  settings.state = static_cast<State*>(state);
  for (std::size_t i = 1; i < std::size(kNames); ++i) {
    if (std::strcmp(call, kNames[i]) == 0) settings.call = static_cast<Call>(i);
  }
  if (settings.call == Call::kNone) std::abort();
}

bool is_watched(const char* path) {
  for (const char* folder = settings.folders; *folder != '\0';) {
    const std::size_t length = std::strcspn(folder, ":");
    if (std::strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
      return true;
    }
    folder += length + (folder[length] == ':' ? 1 : 0);
  }
  return false;
}

/// Counts the call on a watched path; whether it fails. Sets errno then.
bool fails_on(const char* path) {
  if (!is_watched(path)) return false;
  const std::int64_t count = ++settings.state->calls;
  if (settings.nth == 0 || count < settings.nth) return false;
  if (count > settings.nth && !settings.lasts) return false;
  if (settings.state->faults++ == 0) std::strncpy(settings.state->path, path, PATH_MAX - 1);
  errno = settings.error;
  return true;
}

/// What the descriptor was opened on; empty for what is no file.
void path_of(int descriptor, char (&path)[PATH_MAX]) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
}

bool fails(Call call, int descriptor) {
  if (call != settings.call) return false;
  const int before = errno;
  char path[PATH_MAX];
  path_of(descriptor, path);
  errno = before;
  return fails_on(path);
}

bool fails(Call call, const char* name, int folder = AT_FDCWD) {
  if (call != settings.call) return false;
  if (name[0] == '/') return fails_on(name);
  const int before = errno;
  char path[PATH_MAX];
  if (folder != AT_FDCWD) {
    path_of(folder, path);
  } else if (::getcwd(path, PATH_MAX) == nullptr) {
    path[0] = '\0';
  }
  errno = before;
  const std::size_t length = std::strlen(path);
  std::snprintf(path + length, PATH_MAX - length, "/%s",
                std::strncmp(name, "./", 2) == 0 ? name + 2 : name);
  return fails_on(path);
}

/// A full disk only matters to an open that makes a file.
bool fails_to_open(const char* name, bool creates, int folder = AT_FDCWD) {
  if (settings.call == Call::kOpen && settings.error == ENOSPC && !creates) return false;
  return fails(Call::kOpen, name, folder);
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// What a stream shows after an error (`_IO_ERR_SEEN` of the C library).
void set_error(FILE* stream) { stream->_flags |= 0x20; }

int open_at(int folder, const char* name, int flags, mode_t mode) {
  if (fails_to_open(name, (flags & O_CREAT) != 0, folder)) return -1;
  return static_cast<int>(::syscall(SYS_openat, folder, name, flags, mode));
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

#define OPEN(NAME)                                 \
  int NAME(const char* name, int flags, ...) {     \
    va_list arguments;                             \
    va_start(arguments, flags);                    \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments);                             \
    return open_at(AT_FDCWD, name, flags, mode);   \
  }
#define OPENAT(NAME)                                       \
  int NAME(int folder, const char* name, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    return open_at(folder, name, flags, mode);             \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char* name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }
int __open64_2(const char* name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }

#define FOPEN(NAME)                                                                               \
  FILE* NAME(const char* name, const char* mode) {                                                \
    static auto* const real = next<FILE*(const char*, const char*)>(#NAME);                       \
    return fails_to_open(name, std::strpbrk(mode, "wa") != nullptr) ? nullptr : real(name, mode); \
  }
FOPEN(fopen)
FOPEN(fopen64)

DIR* opendir(const char* name) {
  static auto* const real = next<DIR*(const char*)>("opendir");
  return fails_to_open(name, false) ? nullptr : real(name);
}

#define READDIR(NAME, ENTRY)                                             \
  ENTRY* NAME(DIR* folder) {                                             \
    static auto* const real = next<ENTRY*(DIR*)>(#NAME);                 \
    return fails(Call::kRead, ::dirfd(folder)) ? nullptr : real(folder); \
  }
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)

ssize_t read(int descriptor, void* target, size_t size) {
  return fails(Call::kRead, descriptor) ? -1 : ::syscall(SYS_read, descriptor, target, size);
}
ssize_t __read_chk(int descriptor, void* target, size_t size, size_t) {
  return read(descriptor, target, size);
}
ssize_t pread(int descriptor, void* target, size_t size, off_t offset) {
  if (fails(Call::kRead, descriptor)) return -1;
  return ::syscall(SYS_pread64, descriptor, target, size, offset);
}
ssize_t pread64(int descriptor, void* target, size_t size, off64_t offset) {
  return pread(descriptor, target, size, offset);
}
ssize_t readv(int descriptor, const iovec* parts, int count) {
  return fails(Call::kRead, descriptor) ? -1 : ::syscall(SYS_readv, descriptor, parts, count);
}
size_t fread(void* target, size_t size, size_t count, FILE* stream) {
  static auto* const real = next<size_t(void*, size_t, size_t, FILE*)>("fread");
  if (!fails(Call::kRead, ::fileno(stream))) return real(target, size, count, stream);
  set_error(stream);
  return 0;
}

ssize_t write(int descriptor, const void* source, size_t size) {
  return fails(Call::kWrite, descriptor) ? -1 : ::syscall(SYS_write, descriptor, source, size);
}
ssize_t pwrite(int descriptor, const void* source, size_t size, off_t offset) {
  if (fails(Call::kWrite, descriptor)) return -1;
  return ::syscall(SYS_pwrite64, descriptor, source, size, offset);
}
ssize_t pwrite64(int descriptor, const void* source, size_t size, off64_t offset) {
  return pwrite(descriptor, source, size, offset);
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  return fails(Call::kWrite, descriptor) ? -1 : ::syscall(SYS_writev, descriptor, parts, count);
}
size_t fwrite(const void* source, size_t size, size_t count, FILE* stream) {
  static auto* const real = next<size_t(const void*, size_t, size_t, FILE*)>("fwrite");
  if (!fails(Call::kWrite, ::fileno(stream))) return real(source, size, count, stream);
  set_error(stream);
  return 0;
}

int rename(const char* from, const char* to) {
  return fails(Call::kRename, to) ? -1 : static_cast<int>(::syscall(SYS_rename, from, to));
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  if (fails(Call::kRename, to, to_folder)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

int fsync(int descriptor) {
  return fails(Call::kFsync, descriptor) ? -1 : static_cast<int>(::syscall(SYS_fsync, descriptor));
}
int fdatasync(int descriptor) {
  if (fails(Call::kFsync, descriptor)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

void* mmap(void* address, size_t size, int protection, int flags, int descriptor, off_t offset) {
  if (descriptor >= 0 && fails(Call::kMmap, descriptor)) return MAP_FAILED;
  return map_file(address, size, protection, flags, descriptor, offset);
}
void* mmap64(void* address, size_t size, int protection, int flags, int descriptor,
             off64_t offset) {
  return mmap(address, size, protection, flags, descriptor, offset);
}

int ftruncate(int descriptor, off_t size) {
  if (fails(Call::kTruncate, descriptor)) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
}
int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }
int posix_fallocate(int descriptor, off_t offset, off_t size) {
  static auto* const real = next<int(int, off_t, off_t)>("posix_fallocate");
  return fails(Call::kTruncate, descriptor) ? errno : real(descriptor, offset, size);
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t size) {
  return posix_fallocate(descriptor, offset, size);
}

}  // extern "C"
