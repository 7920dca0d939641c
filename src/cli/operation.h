/*
 * Commands that are operations of the contract: options, body, call and printing come from its tables. A path
 * variable is a positional argument, every other input an option: `validity_days` is --validity-days, a list is named
 * by its singular and repeated (--name dns:a --name dns:b, --tag team=x), an object takes member=value
 * (--subject common_name=x). Text takes @FILE and @-; a secret takes nothing else, so that it is never in the
 * process list.
 */
#pragma once
#include "cli/http.h"
#include "core/api/contract.h"

#include "codec/json.h"

/* Makes the command of cli_operations[index] with its options in arena; extra options (may be none) come first. */
cx_err operation_command(struct arena *arena, size_t index, const struct cli_option *extra,
                         size_t extra_count, struct cli_command *ret_command);
/* The run function of such commands. command->arg is the struct cli_operation. */
cx_err operation_run(struct cli *cli, const struct cli_command *command);

/* The steps, for commands that do more. The body is a JSON object (json_decref), NULL when the operation takes none. */
cx_err operation_body(struct cli *cli, const struct api_operation *operation, json_t **ret_body);
cx_err operation_path(struct cli *cli, const struct api_operation *operation,
                      struct cx_str *ret_path);
/* Sends and reads the JSON answer; problems become errors. */
cx_err operation_call(struct cli *cli, const struct api_operation *operation, struct cx_str path,
                      const json_t *body, json_t **ret_answer);
/* The context to use; none is needed with --local unless the operation wants a token. */
cx_err operation_context(struct cli *cli, struct cli_context *ret_context);
