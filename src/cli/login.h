/*
 * Logging in on the command line: password and one-time code for a session whose secret takes the token's place in the context,
 * and proving a code again in that session. Secrets are asked for on the terminal, or come from files.
 */
#pragma once
#include "cli/cli.h"

cx_err login_run(struct cli *cli, const struct cli_command *command);
cx_err login_run_step_up(struct cli *cli, const struct cli_command *command);
