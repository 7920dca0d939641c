/* The keys process: role "keys" of the supervisor, and the short-lived one of a ceremony. */
#pragma once
#include "ipc/role.h"

/* Returns the process's exit code. */
int keys_main(const struct role_start *start);
/* Serves one ceremony over start->keys_fd until its peer closes the channel; no supervisor. */
int keys_ceremony_main(const struct role_start *start);
