/*
 * The data directory on disk: which folder exists, who owns it, with what mode
 * (docs/ARCHITECTURE.md). Called by init and at every start, before any role runs. Started as root,
 * what root wrote into a role's folder (ceremonies, tools) is handed to that role; started as
 * anybody else, owners stay as they are.
 */
#pragma once
#include "base/diag.h"
#include "supervisor/config.h"

/* The user id of a role: 0 (stay) unless this process is root and uid_base is set. */
uint32_t layout_uid(const struct config *config, uint32_t offset);

/* dir is absolute and exists; strangers may pass it afterwards when roles have users of their own. */
cx_err layout_prepare(struct cx_str dir, const struct config *config, struct cx_diag *diag);
