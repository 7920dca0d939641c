/* certinext version, --version: this program and the libraries it runs on. */
#pragma once
#include "cli/cli.h"

cx_err version_run(struct cli *cli, const struct cli_command *command);
