/*
 * An instance as named on a command line: --data DIR and any number of --set option=value, with its
 * configuration loaded. Shared by serve, role and config, so that all of them see the same values.
 */
#pragma once
#include "supervisor/config.h"

enum { INSTANCE_ARGS_MAX = 68 };

struct instance {
    struct cx_str dir; /* absolute, links resolved */
    struct config config;
    bool drill; /* DIR/drill exists */
    /* The arguments as given, normalised: to be handed to a role. */
    const char *args[INSTANCE_ARGS_MAX];
    size_t arg_count;
};

/* argv holds the arguments behind the subcommand. Text lives in arena. CX_E_USAGE on a bad
 * argument. */
cx_err instance_open(int argc, char **argv, struct arena *arena, struct cx_diag *diag,
                     struct instance *ret_instance);

/* From here on the instance is named by another path (os/view.h). dir is copied into arena. */
cx_err instance_move(struct instance *instance, const char *dir, struct arena *arena);
