/*
 * What `certinext request create` and `request collect` do beyond their operation: make the key here (--new-key), wait for
 * approval and issuance (--wait), fetch the certificate with its chain (--out), write the PKCS#12 to a file of mode 0600.
 */
#pragma once
#include "cli/cli.h"

enum { REQUEST_WAIT_MAX_S = 24 * 3600 };

cx_err request_create_command(struct arena *arena, size_t index, struct cli_command *ret_command);
cx_err request_collect_command(struct arena *arena, size_t index, struct cli_command *ret_command);
