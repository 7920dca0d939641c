/*
 * Contexts: which server the command line talks to and as whom. $XDG_CONFIG_HOME/certinext/contexts.yaml (else
 * ~/.config), mode 0600 in a folder of mode 0700: it holds tokens. A file that others may read is refused.
 */
#pragma once
#include "cli/cli.h"

enum { CONTEXTS_MAX = 64, CONTEXT_FILE_MAX = 1024 * 1024 };

struct cli_context {
    struct cx_str name;
    struct cx_str url; /* "https://host:port", no trailing '/' */
    struct cx_str ca;  /* PEM of the root that the server's certificate must chain to */
    struct cx_str token;
    /* Empty: none. Paths of PEM files and the listener that asks for a client certificate, for logging in with it. */
    struct cx_str client_cert, client_key, client_url;
};

struct cli_contexts {
    struct cli_context items[CONTEXTS_MAX];
    size_t count;
    struct cx_str current;
};

/* The file's text, strictly both ways; texts are copied into the arena. */
cx_err context_parse(struct cli *cli, struct cx_bytes text, struct cli_contexts *ret_contexts);
cx_err context_write(const struct cli_contexts *contexts, struct cx_buf *out);
/* No file: no contexts. */
cx_err context_load(struct cli *cli, struct cli_contexts *ret_contexts);
cx_err context_save(struct cli *cli, const struct cli_contexts *contexts);
/* Adds or replaces the one of that name and makes it the current one. */
cx_err context_put(struct cli *cli, struct cli_contexts *contexts,
                   const struct cli_context *context);
/* The one of --context, or the current one. CX_E_USAGE says how to make one. */
cx_err context_choose(struct cli *cli, struct cli_context *ret_context);

cx_err context_run_list(struct cli *cli, const struct cli_command *command);
cx_err context_run_use(struct cli *cli, const struct cli_command *command);
cx_err context_run_show(struct cli *cli, const struct cli_command *command);
