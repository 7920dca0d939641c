/* certinext review verify FILE: checks the evidence of an access review on this machine alone (core/review/evidence.h). */
#pragma once
#include "cli/cli.h"

cx_err review_verify_run(struct cli *cli, const struct cli_command *command);
