/*
 * Handing files over follows no link, in no part of a path, and touches no file with a second name, so a role that
 * once had write access to its folder, or has it at this moment, cannot make us give it somebody else's file: what
 * is judged and what changes hands is one opened descriptor.
 */
#include "supervisor/layout.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "ipc/role.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum owner { OWNER_SUPERVISOR = -1 };

static const struct folder {
    const char *name;
    int owner; /* enum role_kind, or OWNER_SUPERVISOR */
    mode_t mode;
} folders[] = {
    {"db", ROLE_CORE, 0700},
    {"keys", ROLE_KEYS, 0700},
    {"gate", ROLE_GATE, 0700},
    {"gate/tmp", ROLE_GATE, 0700},
    {"public", ROLE_CORE, 0755},
    {"public/crl", ROLE_CORE, 0755},
    {"public/issuer", ROLE_CORE, 0755},
    {"key-lists", OWNER_SUPERVISOR, 0755},
    {"run", OWNER_SUPERVISOR, 0755},
};

uint32_t layout_uid(const struct config *config, uint32_t offset)
{
    if (geteuid() != 0 || config->uid_base == 0)
        return 0;
    return (uint32_t)config->uid_base + offset;
}

static cx_err refuse(struct cx_diag *diag, cx_err err, const char *path, const char *what)
{
    char reason[128] = "";
    return cx_refuse(diag, err, "data", "layout", "%s: %s: %s", path, what,
                     strerror_r(errno, reason, sizeof(reason)));
}

/* The data directory itself is ours: strangers may pass it, not list it. */
static cx_err open_passage(struct cx_str dir, struct cx_diag *diag)
{
    char path[OS_PATH_MAX];
    struct stat st;
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(dir)));
    if (stat(path, &st) < 0 ||
        ((st.st_mode & S_IXOTH) == 0 && chmod(path, (st.st_mode & 07777) | S_IXGRP | S_IXOTH) < 0))
        return refuse(diag, CX_ERR(IO), path, "cannot be made passable");
    return CX_OK;
}

static int open_beneath(const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static cx_err hand_over_one(const char *path, uid_t uid, struct cx_diag *diag)
{
    struct stat info;
    CX_AUTO_CLOSE int fd = open_beneath(path);
    if (fd < 0) /* gone, or a link by now */
        return errno == ENOENT || errno == ELOOP
                   ? CX_OK
                   : refuse(diag, CX_ERR(IO), path, "cannot be opened");
    if (fstat(fd, &info) < 0)
        return refuse(diag, CX_ERR(IO), path, "cannot be looked at");
    bool ours = S_ISDIR(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink == 1);
    if (ours && info.st_uid != uid && fchownat(fd, "", uid, uid, AT_EMPTY_PATH) < 0)
        return refuse(diag, CX_ERR(IO), path, "cannot be handed over");
    return CX_OK;
}

static cx_err hand_over(const char *path, uid_t uid, struct cx_diag *diag)
{
    char copy[OS_PATH_MAX];
    CX_TRY(os_path(copy, "%s", path));
    char *const roots[] = {copy, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return refuse(diag, CX_ERR(IO), path, "cannot be walked");
    cx_err err = CX_OK;
    for (FTSENT *entry = NULL; cx_is_ok(err) && (entry = fts_read(walk)) != NULL;) {
        if (entry->fts_info == FTS_D || entry->fts_info == FTS_F)
            err = hand_over_one(entry->fts_accpath, uid, diag);
    }
    fts_close(walk);
    return err;
}

static cx_err prepare_folder(struct cx_str dir, const struct config *config,
                             const struct folder *folder, struct cx_diag *diag)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/%s", CX_STR_ARG(dir), folder->name));
    uint32_t uid = folder->owner == OWNER_SUPERVISOR
                       ? 0
                       : layout_uid(config, role_uid_offset((enum role_kind)folder->owner));
    uid_t owner = uid != 0 ? uid : (uid_t)-1;
    cx_err err = os_mkdir(path, folder->mode, owner, (gid_t)owner);
    if (cx_failed(err))
        return refuse(diag, err, path, "cannot be made");
    return uid != 0 ? hand_over(path, owner, diag) : CX_OK;
}

cx_err layout_prepare(struct cx_str dir, const struct config *config, struct cx_diag *diag)
{
    for (size_t i = 0; i < CX_COUNT_OF(folders); i++)
        CX_TRY(prepare_folder(dir, config, &folders[i], diag));
    if (config->access_log) {
        char path[OS_PATH_MAX];
        CX_TRY(os_path(path, "%.*s/gate/access.log", CX_STR_ARG(dir)));
        if (!os_file_exists(path))
            CX_TRY(os_file_write(path, CX_BYTES_NONE, 0640));
        uint32_t uid = layout_uid(config, role_uid_offset(ROLE_GATE));
        if (uid != 0)
            CX_TRY(hand_over(path, uid, diag));
    }
    return layout_uid(config, 1) != 0 ? open_passage(dir, diag) : CX_OK;
}
