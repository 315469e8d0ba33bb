// Stands between a program and the C library, and makes the disk under one folder fail on command.
//
// It also keeps book of what would survive a power cut: the bytes of a file as of its last sync, under
// `durable/`, and what was written since, under `pending/`. A sync that fails drops what was pending, as
// Linux does: the pages count as clean afterwards, and only writing them again brings them to the disk.
// A name survives once its folder was synced (`named/`). No sync really happens: the book is the disk.
//
//   FAULTY_DISK_FOLDER   the folder whose files fail; no symbolic links, and folders in it are left alone
//   FAULTY_DISK_BOOK     where the book is kept; its file `fault` is read at each action: `full`, `write` or
//                        `sync`
//   FAULTY_DISK_DIE_AT   the process kills itself instead of its n-th action on the disk, from 1

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef char Name[256];
enum fault { NONE, FULL, WRITE, SYNC };
struct change { int64_t at, length; }; // `at` is -1 for a file cut or grown to `length`

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_truncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_sync)(int);

static const char *folder, *book;
static long die_at, actions;
// SQLite syncs and writes from several threads, and the book has to be right at every moment.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_truncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_sync = dlsym(RTLD_NEXT, "fsync");
    folder = getenv("FAULTY_DISK_FOLDER");
    book = getenv("FAULTY_DISK_BOOK");
    const char *die = getenv("FAULTY_DISK_DIE_AT");
    die_at = die ? atol(die) : 0;
}

// The name of a path in the folder; "" for the folder itself. Says whether it is ours at all.
static int name_in_folder(const char *path, Name name) {
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length)) return 0;
    const char *rest = path + length;
    if (*rest && *rest++ != '/') return 0;
    if (strchr(rest, '/') || strlen(rest) >= sizeof(Name)) return 0;
    strcpy(name, rest);
    return 1;
}

static int name_of(int fd, Name name) {
    if (!folder) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return name_in_folder(path, name);
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

// SQLite's shared memory is made anew after a crash.
static int is_kept(const char *name) { return !ends_with(name, "-shm") && !ends_with(name, " (deleted)"); }

static int page(const char *kind, const char *name, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", book, kind, name);
    return open(path, flags | O_CLOEXEC, 0666);
}

static void tear_out(const char *kind, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", book, kind, name);
    real_unlink(path);
}

static int has(const char *kind, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", book, kind, name);
    return !access(path, F_OK);
}

// Counts an action on the disk, which may be the one that is not lived to see; says how it is to fail.
static enum fault act(void) {
    if (die_at && ++actions == die_at) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    char said[16] = "";
    int fd = page(".", "fault", O_RDONLY);
    if (fd >= 0) {
        if (read(fd, said, sizeof said - 1) < 0) said[0] = 0;
        close(fd);
    }
    return said[0] == 'f' ? FULL : said[0] == 'w' ? WRITE : said[0] == 's' ? SYNC : NONE;
}

static int fail(int with) {
    pthread_mutex_unlock(&lock);
    errno = with;
    return -1;
}

static void note(const char *name, struct change change) {
    if (!is_kept(name)) return;
    int fd = page("pending", name, O_WRONLY | O_CREAT | O_APPEND);
    if (fd < 0 || real_write(fd, &change, sizeof change) != sizeof change) abort();
    close(fd);
}

// Brings what is pending to the disk.
static void flush(int fd, const char *name) {
    char path[64], bytes[65536];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int from = open(path, O_RDONLY | O_CLOEXEC), to = page("durable", name, O_WRONLY | O_CREAT);
    if (from < 0 || to < 0) abort();
    if (has("unlinked", name)) {
        // Another file of that name was removed before.
        if (real_truncate(to, 0)) abort();
        tear_out("unlinked", name);
    }
    int pending = page("pending", name, O_RDONLY);
    struct change change;
    while (pending >= 0 && read(pending, &change, sizeof change) == sizeof change) {
        if (change.at < 0 && real_truncate(to, change.length)) abort();
        for (int64_t done = 0; change.at >= 0 && done < change.length;) {
            size_t most = sizeof bytes, left = (size_t)(change.length - done);
            ssize_t got = pread(from, bytes, left < most ? left : most, change.at + done);
            // It was cut off since.
            if (got <= 0) break;
            if (real_pwrite(to, bytes, (size_t)got, change.at + done) != got) abort();
            done += got;
        }
    }
    if (pending >= 0) close(pending);
    close(from);
    close(to);
    tear_out("pending", name);
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t at, ssize_t (*go)(int, const void *, size_t, off_t)) {
    Name name;
    if (!name_of(fd, name)) return go(fd, bytes, length, at);
    pthread_mutex_lock(&lock);
    off_t from = at >= 0 ? at : lseek(fd, 0, SEEK_CUR);
    enum fault fault = act();
    struct stat file;
    if (fault == WRITE) return fail(EIO);
    if (fault == FULL && !fstat(fd, &file) && from + (off_t)length > file.st_size) return fail(ENOSPC);
    ssize_t written = go(fd, bytes, length, at);
    if (written > 0) note(name, (struct change){from, written});
    pthread_mutex_unlock(&lock);
    return written;
}

static ssize_t go_on(int fd, const void *bytes, size_t length, off_t at) { (void)at; return real_write(fd, bytes, length); }
static ssize_t go_at(int fd, const void *bytes, size_t length, off_t at) { return real_pwrite(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) { return write_at(fd, bytes, length, -1, go_on); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_at(fd, bytes, length, at, go_at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_at(fd, bytes, length, at, go_at); }

// The names in the folder are kept as they are now.
static void keep_names(void) {
    char path[PATH_MAX];
    DIR *files = opendir(folder);
    for (struct dirent *file; files && (file = readdir(files));) {
        if (file->d_type == DT_REG && is_kept(file->d_name)) close(page("named", file->d_name, O_WRONLY | O_CREAT));
    }
    if (files) closedir(files);

    snprintf(path, sizeof path, "%s/named", book);
    DIR *names = opendir(path);
    for (struct dirent *file; names && (file = readdir(names));) {
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        const char *kinds[] = {"named", "durable", "pending", "unlinked"};
        for (int kind = 0; kind < 4 && access(path, F_OK); kind++) tear_out(kinds[kind], file->d_name);
    }
    if (names) closedir(names);
}

static int sync_file(int fd) {
    Name name;
    if (!name_of(fd, name)) return real_sync(fd);
    pthread_mutex_lock(&lock);
    if (act() == SYNC) {
        tear_out("pending", name);
        return fail(EIO);
    }
    if (*name) {
        if (is_kept(name)) flush(fd, name);
    } else {
        keep_names();
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return sync_file(fd); }
int fdatasync(int fd) { return sync_file(fd); }

static int truncate_file(int fd, off_t length) {
    Name name;
    if (!name_of(fd, name)) return real_truncate(fd, length);
    pthread_mutex_lock(&lock);
    if (act() == WRITE) return fail(EIO);
    int result = real_truncate(fd, length);
    if (!result) note(name, (struct change){-1, length});
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t length) { return truncate_file(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_file(fd, length); }

int unlink(const char *path) {
    Name name;
    if (!name_in_folder(path, name) || !is_kept(name)) return real_unlink(path);
    pthread_mutex_lock(&lock);
    act();
    int result = real_unlink(path);
    if (!result) {
        tear_out("pending", name);
        close(page("unlinked", name, O_WRONLY | O_CREAT));
    }
    pthread_mutex_unlock(&lock);
    return result;
}
