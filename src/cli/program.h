/* How the operator calls this program, for the commands that it tells them to run. */
#pragma once
#include "base/arena.h"

/* "certinext" when that is what the PATH finds, else this file's own path. In arena. */
cx_err cli_program(struct arena *arena, struct cx_str *ret_program);
