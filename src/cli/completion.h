/* certinext completion bash|zsh: a script made from the command table, the same candidates in both. */
#pragma once
#include "cli/cli.h"

cx_err completion_run(struct cli *cli, const struct cli_command *command);
