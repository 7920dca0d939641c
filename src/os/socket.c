/* bind(2) makes the socket file under the umask, which belongs to the whole process: the umask is
 * closed for that moment and the wanted mode is set afterwards. Call it before threads start. */
#include "os/socket.h"

#include "base/cleanup.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 511 };

static cx_err from_errno(void)
{
    switch (errno) {
    case ENOENT:
        return CX_ERR(NOTFOUND);
    case EACCES:
    case EPERM:
        return CX_ERR(DENIED);
    case ECONNREFUSED:
    case EAGAIN:
        return CX_ERR(BUSY);
    default:
        return CX_ERR(IO);
    }
}

static cx_err make_address(const char *path, struct sockaddr_un *ret_address)
{
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(ret_address->sun_path))
        return CX_ERR(LIMIT);
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, len + 1);
    return CX_OK;
}

cx_err os_unix_listen(const char *path, mode_t mode, uid_t owner, gid_t group, int *ret_fd)
{
    struct sockaddr_un address;
    CX_TRY(make_address(path, &address));
    CX_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return from_errno();
    struct stat st;
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode))
            return CX_ERR(CONFLICT);
        if (unlink(path) < 0)
            return from_errno();
    }
    mode_t before = umask(0777);
    int rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(before);
    if (rc < 0)
        return from_errno();
    if ((owner != (uid_t)-1 || group != (gid_t)-1) && lchown(path, owner, group) < 0)
        return from_errno();
    if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
        return from_errno();
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

cx_err os_unix_connect(const char *path, int *ret_fd)
{
    struct sockaddr_un address;
    CX_TRY(make_address(path, &address));
    CX_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return from_errno();
    *ret_fd = CX_TAKE_FD(fd);
    return CX_OK;
}

cx_err os_socketpair(int ret_fds[static 2])
{
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return from_errno();
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return CX_OK;
}

cx_err os_socket_peer(int fd, struct os_peer *ret_peer)
{
    struct ucred cred = {0};
    socklen_t len = sizeof(cred);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return from_errno();
    *ret_peer = (struct os_peer){cred.pid, cred.uid, cred.gid};
    return CX_OK;
}
