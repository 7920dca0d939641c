/* Unix sockets. Errors as os/file.h. All descriptors are close-on-exec. */
#pragma once
#include "base/bytes.h"

#include <sys/types.h>

/* Listens on path, replacing a socket left there. The socket never exists with wider permissions
 * than mode; owner (uid_t)-1 and group (gid_t)-1: leave. */
cx_err os_unix_listen(const char *path, mode_t mode, uid_t owner, gid_t group, int *ret_fd);
cx_err os_unix_connect(const char *path, int *ret_fd);
/* A connected pair of stream sockets. */
cx_err os_socketpair(int ret_fds[static 2]);

struct os_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
/* Who is at the other end, as the kernel saw it when the connection was made. */
cx_err os_socket_peer(int fd, struct os_peer *ret_peer);
