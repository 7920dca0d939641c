/* Asking a person for a secret on the terminal, without echo. CX_E_USAGE when there is no terminal. */
#pragma once
#include "cli/cli.h"

enum { SECRET_INPUT_MAX = 512 };

cx_err secret_input(struct cli *cli, const char *what, struct cx_str *ret_text);
