/* certinext completion bash: a script made from the command table. */
#pragma once
#include "cli/cli.h"

cx_err completion_run(struct cli *cli, const struct cli_command *command);
