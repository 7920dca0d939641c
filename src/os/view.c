#include "os/view.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

cx_err os_reachable(const char *dir, bool *ret_reachable, char *ret_closed)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s", dir));
    for (size_t len = strlen(path); len > 1;) {
        struct stat st;
        if (stat(path, &st) < 0)
            return errno == ENOENT ? CX_ERR(NOTFOUND) : CX_ERR(IO);
        if ((st.st_mode & S_IXOTH) == 0) {
            if (ret_closed != NULL)
                memcpy(ret_closed, path, len + 1);
            *ret_reachable = false;
            return CX_OK;
        }
        while (len > 1 && path[len - 1] != '/')
            len--;
        while (len > 1 && path[len - 1] == '/')
            len--;
        path[len] = '\0';
    }
    *ret_reachable = true;
    return CX_OK;
}

static bool mount_view(const char *dir)
{
    if (mkdir(OS_VIEW_PATH, 0755) < 0 && errno != EEXIST)
        return false;
    return unshare(CLONE_NEWNS) == 0 &&
           /* or the mount would appear in the host's namespace too */
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(dir, OS_VIEW_PATH, NULL, MS_BIND, NULL) == 0;
}

cx_err os_view_open(const char *dir, char ret_path[static OS_PATH_MAX], struct cx_diag *diag)
{
    bool reachable = false;
    char closed[OS_PATH_MAX] = "";
    CX_TRY(os_reachable(dir, &reachable, closed));
    if (reachable)
        return os_path(ret_path, "%s", dir);
    struct stat st;
    bool self_closed = stat(dir, &st) < 0 || (st.st_mode & S_IXOTH) == 0;
    if (!self_closed && mount_view(dir))
        return os_path(ret_path, "%s", OS_VIEW_PATH);
    return cx_refuse(
        diag, CX_ERR(POLICY), "data", "reachable",
        "%s is closed to other users (chmod o+x), so the roles cannot reach their files, and "
        "no private view of them can be made; choose another --data, or set uid_base: 0 "
        "for an experiment",
        closed);
}
