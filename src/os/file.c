/* fsync of a renamed file's folder is what makes the rename itself durable. */
#include "os/file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>

static cx_err from_errno(void)
{
    switch (errno) {
    case ENOENT:
        return CX_ERR(NOTFOUND);
    case EACCES:
    case EPERM:
    case EROFS:
        return CX_ERR(DENIED);
    case EEXIST:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return CX_ERR(CONFLICT);
    case EFBIG:
    case ENAMETOOLONG:
        return CX_ERR(LIMIT);
    default:
        return CX_ERR(IO);
    }
}

cx_err os_path(char ret_path[static OS_PATH_MAX], const char *format, ...)
{
    char path[OS_PATH_MAX] = "";
    va_list args;
    va_start(args, format);
    int n = vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    if (n < 0 || n >= OS_PATH_MAX)
        return CX_ERR(LIMIT);
    memcpy(ret_path, path, (size_t)n + 1);
    return CX_OK;
}

static cx_err open_regular(const char *path, int *ret_fd, size_t *ret_len)
{
    CX_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return from_errno();
    if (!S_ISREG(st.st_mode))
        return CX_ERR(CONFLICT);
    *ret_len = (size_t)st.st_size;
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

/* Reads until len octets or the end of the file. */
static cx_err read_up_to(int fd, uint8_t *buf, size_t len, size_t *ret_len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return from_errno();
    }
    *ret_len = done;
    return CX_OK;
}

cx_err os_file_read(const char *path, size_t max, struct cx_buf *out)
{
    CX_AUTO_CLOSE int fd = -1;
    size_t len = 0;
    CX_TRY(open_regular(path, &fd, &len));
    if (len > max)
        return CX_ERR(LIMIT);
    if (len == 0)
        return CX_OK;
    CX_TRY(cx_buf_reserve(out, len));
    CX_TRY(read_up_to(fd, out->ptr + out->len, len, &len));
    out->len += len;
    return CX_OK;
}

cx_err os_file_read_secret(const char *path, size_t max, struct cx_secret *ret_secret)
{
    CX_AUTO_CLOSE int fd = -1;
    size_t len = 0, got = 0;
    CX_TRY(open_regular(path, &fd, &len));
    if (len > max)
        return CX_ERR(LIMIT);
    if (len == 0)
        return CX_ERR(PARSE);
    CX_CLEANUP(cx_secret_clear) struct cx_secret secret = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(len, &secret));
    CX_TRY(read_up_to(fd, secret.ptr, len, &got));
    if (got != len)
        return CX_ERR(IO); /* it shrank while we read it */
    *ret_secret = secret;
    secret = CX_SECRET_INIT;
    return CX_OK;
}

bool os_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static cx_err write_all(int fd, struct cx_bytes content)
{
    size_t done = 0;
    while (done < content.len) {
        ssize_t n = write(fd, content.ptr + done, content.len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            return from_errno();
    }
    return CX_OK;
}

cx_err os_fsync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[OS_PATH_MAX] = ".";
    if (slash != NULL)
        CX_TRY(os_path(folder, "%.*s", slash == path ? 1 : (int)(slash - path), path));
    CX_AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return from_errno();
    return CX_OK;
}

static cx_err write_temporary(const char *path, struct cx_bytes content, mode_t mode)
{
    CX_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return from_errno();
    CX_TRY(write_all(fd, content));
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0) /* the umask does not decide */
        return from_errno();
    return CX_OK;
}

static cx_err replace(const char *path, struct cx_bytes content, mode_t mode, unsigned flags)
{
    static atomic_uint counter;
    char tmp[OS_PATH_MAX];
    CX_TRY(os_path(tmp, "%s.%ld-%u.tmp", path, (long)getpid(), atomic_fetch_add(&counter, 1)));
    /* A leftover of a crashed process with our pid: nobody else can be using it. */
    unlink(tmp);
    cx_err err = write_temporary(tmp, content, mode);
    if (cx_is_ok(err) && renameat2(AT_FDCWD, tmp, AT_FDCWD, path, flags) < 0)
        err = from_errno();
    if (cx_failed(err)) {
        int saved = errno;
        unlink(tmp);
        errno = saved;
        return err;
    }
    return os_fsync_parent(path);
}

cx_err os_file_write(const char *path, struct cx_bytes content, mode_t mode)
{
    return replace(path, content, mode, 0);
}

cx_err os_file_create(const char *path, struct cx_bytes content, mode_t mode)
{
    return replace(path, content, mode, RENAME_NOREPLACE);
}

cx_err os_file_remove(const char *path)
{
    if (unlink(path) < 0)
        return from_errno();
    return os_fsync_parent(path);
}

cx_err os_log_open(const char *path, mode_t mode, int *ret_fd)
{
    CX_AUTO_CLOSE int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return from_errno();
    CX_TRY(os_fsync_parent(path));
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

cx_err os_log_append(int fd, struct cx_bytes record)
{
    return write_all(fd, record);
}

cx_err os_log_sync(int fd)
{
    return fdatasync(fd) == 0 ? CX_OK : from_errno();
}

cx_err os_log_truncate(int fd, uint64_t len)
{
    if (ftruncate(fd, (off_t)len) < 0 || fdatasync(fd) < 0)
        return from_errno();
    return CX_OK;
}

cx_err os_lock(const char *path, int *ret_fd)
{
    CX_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return from_errno();
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? CX_ERR(BUSY) : from_errno();
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

cx_err os_mkdir(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return from_errno();
    CX_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return from_errno();
    bool owned = (uid == (uid_t)-1 || uid == st.st_uid) && (gid == (gid_t)-1 || gid == st.st_gid);
    if (!owned && fchown(fd, uid, gid) < 0)
        return from_errno();
    if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
        return from_errno();
    return os_fsync_parent(path);
}
