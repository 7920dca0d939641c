/* certinext status: the processes of the instance on this host, from DIR/run/status.json (docs/formats/status.md). */
#pragma once
#include "cli/cli.h"

#include "codec/json.h"

cx_err status_run(struct cli *cli, const struct cli_command *command);

/* --data, else CERTINEXT_DATA, else ./certinext-data. */
struct cx_str status_data_dir(const struct cli *cli);
/* The supervisor's file. *ret_alive: a process with its pid is running. CX_E_NOTFOUND when it was never started. */
cx_err status_read(struct cli *cli, struct cx_str dir, json_t **ret_status, bool *ret_alive);
