#include "crypto/key_lists.h"
#include "base/cleanup.h"
#include "crypto/key_list.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_LEN = 512 };

/* What tells one state of the directory from the next. All zero: it does not exist. */
struct stamp {
    dev_t device;
    ino_t inode;
    struct timespec changed;
};

struct crypto_key_lists {
    pthread_rwlock_t lock;
    char dir[PATH_LEN];
    struct stamp stamp;
    bool read; /* all lists of the directory as it was at stamp */
    struct crypto_key_list *lists[CRYPTO_KEY_LISTS_MAX];
    size_t count;
};

CX_DEFINE_CLEANUP_PTR(DIR, closedir)

static cx_err refuse(struct cx_diag *diag, const char *name, const char *what)
{
    return cx_refuse(diag, CX_ERR(BUSY), "", "key-list-unreadable",
                     "The list of compromised keys %s %s; no key can be judged.", name, what);
}

static cx_err look(const char *dir, struct cx_diag *diag, struct stamp *ret_stamp)
{
    struct stat info;
    *ret_stamp = (struct stamp){.inode = 0};
    if (stat(dir, &info) == 0)
        *ret_stamp = (struct stamp){info.st_dev, info.st_ino, info.st_mtim};
    else if (errno != ENOENT)
        return refuse(diag, "directory", "cannot be looked at");
    return CX_OK;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void drop(struct crypto_key_lists *lists)
{
    for (size_t i = 0; i < lists->count; i++)
        crypto_key_list_free(lists->lists[i]);
    lists->count = 0;
    lists->read = false;
}

static bool is_list(const char *name)
{
    const struct cx_str suffix = CX_STR(CRYPTO_KEY_LIST_SUFFIX);
    const struct cx_str file = cx_str_from(name);
    return file.len > suffix.len && cx_str_ends(file, suffix);
}

static cx_err add(struct crypto_key_lists *lists, const char *name, struct cx_diag *diag)
{
    char path[PATH_LEN + NAME_MAX + 2];
    (void)snprintf(path, sizeof(path), "%s/%s", lists->dir, name);
    if (lists->count == CRYPTO_KEY_LISTS_MAX)
        return refuse(diag, name, "is one too many");
    cx_err err = crypto_key_list_open(path, &lists->lists[lists->count]);
    if (err.code == CX_E_PARSE)
        return refuse(diag, name, "is damaged");
    if (cx_failed(err))
        return refuse(diag, name, "cannot be read");
    lists->count++;
    return CX_OK;
}

static cx_err read_all(struct crypto_key_lists *lists, const struct stamp *stamp,
                       struct cx_diag *diag)
{
    drop(lists);
    if (stamp->inode != 0) {
        CX_CLEANUP(closedirp) DIR *dir = opendir(lists->dir);
        if (!dir)
            return refuse(diag, "directory", "cannot be opened");
        errno = 0;
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
            if (is_list(entry->d_name))
                CX_TRY(add(lists, entry->d_name, diag));
        if (errno != 0)
            return refuse(diag, "directory", "cannot be listed");
    }
    lists->stamp = *stamp; /* taken before the reading: what came since makes another */
    lists->read = true;
    return CX_OK;
}

/* Leaves the lock held for reading when all lists are read, and not held otherwise. */
static cx_err lock_fresh(struct crypto_key_lists *lists, struct cx_diag *diag)
{
    struct stamp now;
    CX_TRY(look(lists->dir, diag, &now));
    pthread_rwlock_rdlock(&lists->lock);
    if (lists->read && same(&lists->stamp, &now))
        return CX_OK;
    pthread_rwlock_unlock(&lists->lock);
    pthread_rwlock_wrlock(&lists->lock);
    cx_err err = CX_OK;
    if (!lists->read || !same(&lists->stamp, &now)) /* not by another thread meanwhile */
        err = read_all(lists, &now, diag);
    pthread_rwlock_unlock(&lists->lock);
    if (cx_failed(err))
        return err;
    pthread_rwlock_rdlock(&lists->lock);
    if (lists->read)
        return CX_OK;
    pthread_rwlock_unlock(&lists->lock);
    return refuse(diag, "directory", "is changing");
}

cx_err crypto_key_lists_has(struct crypto_key_lists *lists, struct cx_bytes spki,
                            struct cx_diag *diag, bool *ret_has)
{
    bool has = false;
    CX_TRY(lock_fresh(lists, diag));
    for (size_t i = 0; i < lists->count && !has; i++)
        has = crypto_key_list_has(lists->lists[i], spki);
    pthread_rwlock_unlock(&lists->lock);
    *ret_has = has;
    return CX_OK;
}

cx_err crypto_key_lists_count(struct crypto_key_lists *lists, struct cx_diag *diag,
                              size_t *ret_count)
{
    size_t count = 0;
    CX_TRY(lock_fresh(lists, diag));
    for (size_t i = 0; i < lists->count; i++)
        count += crypto_key_list_count(lists->lists[i]);
    pthread_rwlock_unlock(&lists->lock);
    *ret_count = count;
    return CX_OK;
}

cx_err crypto_key_lists_new(const char *dir, struct crypto_key_lists **ret_lists)
{
    struct crypto_key_lists *lists = calloc(1, sizeof(*lists));
    if (!lists || pthread_rwlock_init(&lists->lock, NULL) != 0) {
        free(lists);
        return CX_ERR(NOMEM);
    }
    int len = snprintf(lists->dir, sizeof(lists->dir), "%s", dir);
    if (len < 0 || (size_t)len >= sizeof(lists->dir)) {
        crypto_key_lists_free(lists);
        return CX_ERR(LIMIT);
    }
    *ret_lists = lists;
    return CX_OK;
}

void crypto_key_lists_free(struct crypto_key_lists *lists)
{
    if (!lists)
        return;
    drop(lists);
    pthread_rwlock_destroy(&lists->lock);
    free(lists);
}
