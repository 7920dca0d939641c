/* Subcommands of the process tree. Each takes the arguments behind its name and returns an exit
 * code. */
#pragma once
#include "ipc/role.h"

/* certinext serve --data DIR: the supervisor, until SIGTERM or SIGINT. 77 when a role refused to start. */
int serve_command(int argc, char **argv);

struct role_entry {
    enum role_kind kind;
    int (*main)(const struct role_start *start);
};
/* certinext role NAME --data DIR: one role; started by the supervisor only. The gate's main is our
 * own. */
int role_command(int argc, char **argv, const struct role_entry *entries, size_t count);

/* certinext config check|dump|document [--data DIR] */
int config_command(int argc, char **argv);
