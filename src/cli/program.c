#include "cli/program.h"

#include "os/file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SELF[] = "/proc/self/exe";

static bool is_self(const char *path)
{
    struct stat other, self;
    return stat(path, &other) == 0 && stat(SELF, &self) == 0 && other.st_dev == self.st_dev &&
           other.st_ino == self.st_ino;
}

static bool is_in_path(void)
{
    const char *at = getenv("PATH");
    while (at && *at) {
        char path[OS_PATH_MAX];
        size_t len = strcspn(at, ":");
        if (cx_is_ok(os_path(path, "%.*s/certinext", (int)len, at)) && os_file_exists(path))
            return is_self(path); /* the first one found is the one that runs */
        at += len + (at[len] == ':');
    }
    return false;
}

cx_err cli_program(struct arena *arena, struct cx_str *ret_program)
{
    char path[OS_PATH_MAX];
    if (is_in_path()) {
        *ret_program = CX_STR("certinext");
        return CX_OK;
    }
    ssize_t len = readlink(SELF, path, sizeof(path) - 1);
    if (len <= 0)
        return CX_ERR(IO);
    return arena_copy_str(arena, (struct cx_str){path, (size_t)len}, ret_program);
}
