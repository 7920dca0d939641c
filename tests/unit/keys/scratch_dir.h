/* A directory of its own for each test, removed afterwards. */
#pragma once
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scratch_dir {
    char path[64];
};

static int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void scratch_make(struct scratch_dir *dir)
{
    (void)snprintf(dir->path, sizeof(dir->path), "/tmp/cx-keys-test-XXXXXX");
    if (mkdtemp(dir->path) == NULL)
        abort();
}

static inline void scratch_clear(struct scratch_dir *dir)
{
    (void)nftw(dir->path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
#define SCRATCH __attribute__((cleanup(scratch_clear))) struct scratch_dir
