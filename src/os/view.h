/*
 * Reaching a folder after giving up root. A role's user must be able to pass every folder above its files; a
 * data directory below /root (mode 0700) is out of reach. Then root can give itself and its children a private
 * view: a mount namespace of their own in which the folder also hangs at OS_VIEW_PATH. Nothing changes for
 * anybody else, the files stay where they are, sockets in the folder are reached by either path.
 */
#pragma once
#include "base/diag.h"
#include "os/file.h"

#define OS_VIEW_PATH "/run/certinext"

/* Whether every folder on the way to dir (absolute, dir included) lets strangers pass. *ret_closed, when
 * not NULL, receives the first that does not. CX_E_NOTFOUND, CX_E_IO. */
cx_err os_reachable(const char *dir, bool *ret_reachable, char *ret_closed);

/*
 * Writes into ret_path a path by which other users reach dir: dir itself, or OS_VIEW_PATH after moving this
 * process into a mount namespace of its own (once; needs root and one thread). CX_E_POLICY with the closed
 * folder named when neither is possible.
 */
cx_err os_view_open(const char *dir, char ret_path[static OS_PATH_MAX], struct cx_diag *diag);
