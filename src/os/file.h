/*
 * Files that survive a crash. Paths are our own (configuration, constants, identifiers), never text
 * from the network. Errors: CX_E_NOTFOUND (no such file), CX_E_LIMIT (larger than asked for, path
 * too long), CX_E_DENIED (permission, sandbox), CX_E_CONFLICT (exists, wrong kind), CX_E_IO (the
 * rest, with errno left as it was).
 */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#include <sys/types.h>

enum { OS_PATH_MAX = 512 };

/* Writes a path into ret_path. CX_E_LIMIT when it does not fit. */
cx_err os_path(char ret_path[static OS_PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The whole file, appended to out; at most max octets. */
cx_err os_file_read(const char *path, size_t max, struct cx_buf *out);
/* The whole file into secret memory; an empty file is CX_E_PARSE. */
cx_err os_file_read_secret(const char *path, size_t max, struct cx_secret *ret_secret);
bool os_file_exists(const char *path);

/*
 * Replaces path atomically and durably: temporary file beside it, fsync, rename, fsync of the
 * folder. After a crash path holds the old content or the new. Leftovers end in ".tmp".
 */
cx_err os_file_write(const char *path, struct cx_bytes content, mode_t mode);
/* The same, but an existing path is CX_E_CONFLICT and stays as it is. */
cx_err os_file_create(const char *path, struct cx_bytes content, mode_t mode);
/* Removes a file durably. */
cx_err os_file_remove(const char *path);

/* An append-only file. os_log_append writes all of record or fails; after a failure the file may
 * end in a part of it: truncate to what was synced. os_log_sync returns once everything written is
 * on disk. */
cx_err os_log_open(const char *path, mode_t mode, int *ret_fd);
cx_err os_log_append(int fd, struct cx_bytes record);
cx_err os_log_sync(int fd);
cx_err os_log_truncate(int fd, uint64_t len);

/* Exclusive lock on a file (made when missing), held until the descriptor is closed, by death too.
 * CX_E_BUSY when somebody else holds it. */
cx_err os_lock(const char *path, int *ret_fd);

/* Makes a folder with this owner and mode, or checks and repairs both of an existing one. uid and
 * gid (uid_t)-1: leave. CX_E_CONFLICT when path is something else (a link, too). */
cx_err os_mkdir(const char *path, mode_t mode, uid_t uid, gid_t gid);
cx_err os_fsync_parent(const char *path);
