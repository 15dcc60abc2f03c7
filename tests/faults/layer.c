/* A layer between a process and the files of one folder, preloaded before libc.
 *
 * It writes down, in the order in which they took effect, all writes and syncs of
 * files below $FAULTS_FOLDER and every webhook that was acknowledged, so that the
 * disk can be shown as a loss of power at any moment would have left it. And it
 * fails calls as $FAULTS_ORDER, a file that may change at any time, says:
 * "ERRNO OPS EVERY" fails every EVERY-th call among OPS (W write, T truncate,
 * S sync) with that error; an ERRNO of 0 kills the process there instead.
 *
 * And it sets the wall clock off by as many seconds as $FAULTS_CLOCK holds, a file
 * of one 64-bit number that may change at any time; other clocks go on as they do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name, kind) ((kind)dlsym(RTLD_NEXT, name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static long calls;

static int ours(int fd, char *path, size_t size) {
  const char *folder = getenv("FAULTS_FOLDER");
  char name[64];
  if (!folder) return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, size - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

static void note(char op, const char *path, int64_t at, const void *data, int64_t length) {
  const char *name = getenv("FAULTS_TRACE");
  if (!name) return;
  if (trace < 0) trace = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
  struct __attribute__((packed)) { char op; int32_t path; int64_t at; int64_t length; } head =
      {op, (int32_t)strlen(path), at, length};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, strlen(path)},
                           {(void *)data, data ? (size_t)length : 0}};
  syscall(SYS_writev, trace, parts, data ? 3 : 2);
}

/* Whether this call shall fail, with errno set; the lock is held. */
static int fails(char op) {
  const char *name = getenv("FAULTS_ORDER");
  char said[64] = "", ops[8] = "";
  int number = 0;
  long every = 0;
  if (!name) return 0;
  int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
  if (fd < 0) return 0;
  ssize_t length = syscall(SYS_read, fd, said, sizeof said - 1);
  syscall(SYS_close, fd);
  if (length <= 0 || sscanf(said, "%d %7s %ld", &number, ops, &every) != 3) return 0;
  if (!strchr(ops, op) || every < 1 || ++calls % every) return 0;
  if (!number) kill(getpid(), SIGKILL);
  errno = number;
  return 1;
}

#define GUARDED(type, op, call, at, data, length)       \
  char path[4096];                                      \
  if (!ours(fd, path, sizeof path)) return call;        \
  pthread_mutex_lock(&lock);                            \
  type done = -1;                                       \
  if (!fails(op)) {                                     \
    done = call;                                        \
    int kept = errno;                                   \
    if (done >= 0) note(op, path, at, data, length);    \
    errno = kept;                                       \
  }                                                     \
  pthread_mutex_unlock(&lock);                          \
  return done

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
typedef ssize_t (*write_t)(int, const void *, size_t);
typedef ssize_t (*writev_t)(int, const struct iovec *, int);
typedef int (*truncate_t)(int, off_t);
typedef int (*sync_t)(int);
typedef int (*rename_t)(const char *, const char *);
typedef int (*unlink_t)(const char *);

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
  GUARDED(ssize_t, 'W', NEXT("pwrite64", pwrite_t)(fd, data, length, at), at, data, done);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
  GUARDED(ssize_t, 'W', NEXT("pwrite", pwrite_t)(fd, data, length, at), at, data, done);
}
int ftruncate64(int fd, off_t at) {
  GUARDED(int, 'T', NEXT("ftruncate64", truncate_t)(fd, at), at, NULL, 0);
}
int ftruncate(int fd, off_t at) {
  GUARDED(int, 'T', NEXT("ftruncate", truncate_t)(fd, at), at, NULL, 0);
}
int fsync(int fd) { GUARDED(int, 'S', NEXT("fsync", sync_t)(fd), 0, NULL, 0); }
int fdatasync(int fd) { GUARDED(int, 'S', NEXT("fdatasync", sync_t)(fd), 0, NULL, 0); }

static int acknowledges(const void *data, size_t length) {
  static const char head[] = "HTTP/1.1 202";
  return length >= sizeof head - 1 && !memcmp(data, head, sizeof head - 1);
}

static void acknowledged(void) {
  pthread_mutex_lock(&lock);
  note('A', "", 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *data, size_t length) {
  if (acknowledges(data, length)) acknowledged();
  off_t at = lseek(fd, 0, SEEK_CUR);
  GUARDED(ssize_t, 'W', NEXT("write", write_t)(fd, data, length), at < 0 ? 0 : at, data, done);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (count > 0 && acknowledges(parts[0].iov_base, parts[0].iov_len)) acknowledged();
  return NEXT("writev", writev_t)(fd, parts, count);
}

int rename(const char *old, const char *new) {
  const char *folder = getenv("FAULTS_FOLDER");
  int mine = folder && strncmp(old, folder, strlen(folder)) == 0;
  pthread_mutex_lock(&lock);
  int done = NEXT("rename", rename_t)(old, new);
  if (mine && !done) note('R', old, 0, new, (int64_t)strlen(new));
  pthread_mutex_unlock(&lock);
  return done;
}
int unlink(const char *path) {
  const char *folder = getenv("FAULTS_FOLDER");
  int mine = folder && strncmp(path, folder, strlen(folder)) == 0;
  pthread_mutex_lock(&lock);
  int done = NEXT("unlink", unlink_t)(path);
  if (mine && !done) note('U', path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}

static const volatile int64_t *off_by; /* seconds; NULL: nobody sets the clock off */

__attribute__((constructor)) static void watch_the_clock(void) {
  const char *name = getenv("FAULTS_CLOCK");
  int fd = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDONLY) : -1;
  if (fd < 0) return;
  void *seen = mmap(NULL, sizeof *off_by, PROT_READ, MAP_SHARED, fd, 0);
  if (seen != MAP_FAILED) off_by = seen;
  syscall(SYS_close, fd);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = NEXT("clock_gettime", int (*)(clockid_t, struct timespec *));
  int done = real(clock, at);
  if (!done && clock == CLOCK_REALTIME && off_by) at->tv_sec += *off_by;
  return done;
}
