/* certinext audit verify FILE: checks an export of the audit log on this machine alone (core/audit/verify.h). */
#pragma once
#include "cli/cli.h"

cx_err audit_verify_run(struct cli *cli, const struct cli_command *command);
