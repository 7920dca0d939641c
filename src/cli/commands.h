/*
 * Every command of the command line that is not the server's own (src/main.c has those): the contract's operations and
 * the tools of this folder.
 */
#pragma once
#include "cli/cli.h"

enum { CLI_NOT_MINE = -1, CLI_COMMANDS_MAX = 512 };

/* Runs `certinext argv[0] …` and returns the exit code; CLI_NOT_MINE when there is no such command here, or argv asks
 * for general help. */
int cli_run(int argc, char **argv);

/* All commands, contract first; options and names in arena. */
cx_err cli_commands(struct arena *arena, struct cli_command ret_commands[static CLI_COMMANDS_MAX],
                    size_t *ret_count);
/* The commands of the server's host, whose folder ranks above this one: main sets them before cli_run, completion reads
 * them. */
extern const struct cli_command *cli_host_commands;
extern size_t cli_host_command_count;
/* One line a command: "  request create      Ask for a certificate"; only those of noun unless it is NULL. Returns how
 * many. */
size_t cli_print_commands(FILE *out, const char *noun);
