/* The profiles of profiles/, built into the program: what a new tenant starts with. */
#pragma once
#include <stddef.h>

struct host_builtin {
    const char *name, *text;
    size_t len;
};
extern const struct host_builtin host_builtins[];
extern const size_t host_builtin_count;
