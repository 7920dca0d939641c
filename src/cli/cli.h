/*
 * The command line's frame: what a command is, how its arguments are read, how it ends.
 *
 * A command is `certinext NOUN VERB …` or `certinext WORD …`. Commands that are operations of the contract are made
 * from its tables (operation.c); the others are in the table of commands.c. One parser serves all, and help,
 * completion and exit codes come from the same data. A process runs one command: nothing here is thread-safe.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

#include <stdio.h>

enum {
    CLI_OPTIONS_MAX = 48,
    CLI_VALUES_MAX = 512,
    CLI_POSITIONALS_MAX = 8,
    CLI_FILE_MAX = 16 * 1024 * 1024,
    CLI_ARENA_MAX = 256 * 1024 * 1024,
};

struct cli_option {
    const char *name;       /* without "--" */
    const char *value_name; /* NULL: a switch */
    const char *help;
    bool repeat;
    bool required;
};

struct cli_value {
    const struct cli_option *option;
    struct cx_str text;
};

struct cli {
    struct arena arena;
    struct cx_diag diag;
    bool json;             /* --json: one JSON document on standard output */
    struct cx_str context; /* --context; "" = the current one */
    struct cx_str local; /* --local DIR: the unix socket of that data directory; "" = by network */
    struct cx_str because; /* --because; "" = not said */
    struct cli_value values[CLI_VALUES_MAX];
    size_t value_count;
    struct cx_str positionals[CLI_POSITIONALS_MAX];
    size_t positional_count;
};

struct cli_command {
    const char *noun, *verb; /* verb NULL: a single word */
    const char *positionals; /* for usage: "FILE" or "[URL] LINK"; "" = none */
    size_t positional_min, positional_max;
    const char *summary;
    const struct cli_option *options;
    size_t option_count;
    cx_err (*run)(struct cli *cli, const struct cli_command *command);
    const void *arg; /* the contract's operation */
};

/* First value of an option; false when absent. */
bool cli_get(const struct cli *cli, const char *name, struct cx_str *ret_text);
bool cli_has(const struct cli *cli, const char *name);

/* Reads the words after noun and verb. CX_E_USAGE names the word. help is true when --help was among them. */
cx_err cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                 bool *ret_help);
void cli_print_help(const struct cli_command *command, FILE *out);

/* "@FILE" is the file's content, "@-" standard input, "@@x" is "@x"; anything else is itself. */
cx_err cli_text_argument(struct cli *cli, struct cx_str argument, struct cx_str *ret_text);
/* A whole file, "-" for standard input. In the arena. */
cx_err cli_read_file(struct cli *cli, struct cx_str path, struct cx_bytes *ret_content);

/* "certinext: …" on standard error, with field and rule; a JSON document there with --json. */
void cli_report(const struct cli *cli, cx_err err);
