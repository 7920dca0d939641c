#include "cli/commands.h"

#include "cli_commands.h" /* generated */

#include "base/cleanup.h"
#include "cli/audit_verify.h"
#include "cli/completion.h"
#include "cli/context.h"
#include "cli/doctor.h"
#include "cli/enroll.h"
#include "cli/inspect.h"
#include "cli/lint.h"
#include "cli/login.h"
#include "cli/operation.h"
#include "cli/request.h"
#include "cli/review_verify.h"
#include "cli/status.h"
#include "cli/version.h"

#include <curl/curl.h>

#define OPTIONS(table) .options = table, .option_count = sizeof(table) / sizeof((table)[0])

static const struct cli_option enroll_options[] = {
    {.name = "ca-file",
     .value_name = "FILE",
     .help = "root certificate (PEM) that the server must chain to"},
    {.name = "name", .value_name = "NAME", .help = "name of the context that is made"},
    {.name = "display-name", .value_name = "TEXT", .help = "your name"},
    {.name = "email", .value_name = "TEXT", .help = "your mail address"},
};

static const struct cli_option login_options[] = {
    {.name = "account",
     .value_name = "TEXT",
     .help = "your mail address or user id",
     .required = true},
    {.name = "password", .value_name = "@FILE", .help = "password; asked for when not given"},
    {.name = "code", .value_name = "@FILE", .help = "one-time code; asked for when not given"},
    {.name = "tenant-id", .value_name = "ID", .help = "tenant, on a server with several"},
    {.name = "client-cert",
     .value_name = "FILE",
     .help = "client certificate (PEM) instead of a code; remembered with the context"},
    {.name = "client-key", .value_name = "FILE", .help = "its private key (PEM); remembered"},
    {.name = "client-url",
     .value_name = "URL",
     .help = "the server's listener for client certificates; remembered"},
};

static const struct cli_option step_up_options[] = {
    {.name = "code", .value_name = "@FILE", .help = "one-time code; asked for when not given"},
};

static const struct cli_option data_options[] = {
    {.name = "data", .value_name = "DIR", .help = "data directory of the instance on this host"},
};

static const struct cli_option lint_options[] = {
    {.name = "kind",
     .value_name = "WORD",
     .help = "kind of certificate: server-tls, …, root-ca; else told from the content"},
    {.name = "trust", .value_name = "WORD", .help = "private (default) or public"},
    {.name = "baseline", .help = "apply the TLS Baseline Requirements to private trust as well"},
};

static const struct cli_option audit_verify_options[] = {
    {.name = "vkey", .value_name = "KEY", .help = "the log's verifier key, as you noted it"},
    {.name = "checkpoint",
     .value_name = "FILE",
     .help = "a checkpoint noted earlier, which the log must contain"},
};

static const struct cli_option review_verify_options[] = {
    {.name = "vkey", .value_name = "KEY", .help = "the log's verifier key, as you noted it"},
};

static const struct cli_command own[] = {
    {.noun = "enroll",
     .positionals = "[URL] LINK",
     .positional_min = 1,
     .positional_max = 2,
     OPTIONS(enroll_options),
     .summary = "Redeem a one-time link and remember the server and the token",
     .run = enroll_run},
    {.noun = "login",
     .positionals = "",
     OPTIONS(login_options),
     .summary =
         "Log in with password and one-time code or client certificate; the session takes the "
         "token's place",
     .run = login_run},
    {.noun = "session",
     .verb = "step-up",
     .positionals = "",
     OPTIONS(step_up_options),
     .summary = "Prove a one-time code again, for what needs a fresh factor",
     .run = login_run_step_up},
    {.noun = "context",
     .verb = "list",
     .positionals = "",
     .summary = "List the servers that are known here",
     .run = context_run_list},
    {.noun = "context",
     .verb = "use",
     .positionals = "NAME",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "Make a context the current one",
     .run = context_run_use},
    {.noun = "context",
     .verb = "show",
     .positionals = "[NAME]",
     .positional_max = 1,
     .summary = "Show a context without its token",
     .run = context_run_show},
    {.noun = "status",
     .positionals = "",
     OPTIONS(data_options),
     .summary = "Show the processes of the instance on this host",
     .run = status_run},
    {.noun = "doctor",
     .positionals = "",
     OPTIONS(data_options),
     .summary = "Check an installation and say what to do about what is wrong",
     .run = doctor_run},
    {.noun = "inspect",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "Show what is in a certificate, request, CRL, OCSP response or key",
     .run = inspect_run},
    {.noun = "lint",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(lint_options),
     .summary = "Check certificates against RFC 5280 and the TLS Baseline Requirements",
     .run = lint_run},
    {.noun = "audit",
     .verb = "verify",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(audit_verify_options),
     .summary = "Check an export of the audit log, offline",
     .run = audit_verify_run},
    {.noun = "review",
     .verb = "verify",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(review_verify_options),
     .summary = "Check the evidence of an access review, offline",
     .run = review_verify_run},
    {.noun = "version",
     .positionals = "",
     .summary = "Print the version of this program",
     .run = version_run},
    {.noun = "--version", .positionals = "", .run = version_run}, /* no summary: not listed */
    {.noun = "completion",
     .positionals = "SHELL",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "Print a completion script for bash or zsh",
     .run = completion_run},
};

const struct cli_command *cli_host_commands;
size_t cli_host_command_count;

/* The contract's commands that do more on this side. */
static cx_err specialise(struct arena *arena, size_t index, struct cli_command *command)
{
    if (cli_operations[index].operation == API_OP_REQUEST_CREATE)
        return request_create_command(arena, index, command);
    if (cli_operations[index].operation == API_OP_REQUEST_COLLECT)
        return request_collect_command(arena, index, command);
    return operation_command(arena, index, NULL, 0, command);
}

cx_err cli_commands(struct arena *arena, struct cli_command ret_commands[static CLI_COMMANDS_MAX],
                    size_t *ret_count)
{
    size_t count = 0;
    _Static_assert(CLI_OPERATION_COUNT + sizeof(own) / sizeof(own[0]) <= CLI_COMMANDS_MAX,
                   "raise CLI_COMMANDS_MAX");
    for (size_t i = 0; i < CLI_OPERATION_COUNT; i++)
        CX_TRY(specialise(arena, i, &ret_commands[count++]));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        ret_commands[count++] = own[i];
    *ret_count = count;
    return CX_OK;
}

static const struct cli_command *find_command(const struct cli_command *commands, size_t count,
                                              int argc, char **argv)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i].noun, argv[0]) != 0)
            continue;
        if (!commands[i].verb || (argc > 1 && strcmp(commands[i].verb, argv[1]) == 0))
            return &commands[i];
    }
    return NULL;
}

static cx_err run_command(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
    int words = command->verb ? 2 : 1;
    bool help = false;
    CX_TRY(cli_parse(cli, command, argc - words, argv + words, &help));
    if (help) {
        cli_print_help(command, stdout);
        return CX_OK;
    }
    return command->run(cli, command);
}

int cli_run(int argc, char **argv)
{
    static struct cli cli; /* one command a process */
    static struct cli_command commands[CLI_COMMANDS_MAX];
    size_t count = 0;
    cli = (struct cli){.arena = ARENA_INIT(CLI_ARENA_MAX)};
    if (argc < 1 || cx_failed(cli_commands(&cli.arena, commands, &count)))
        return CLI_NOT_MINE;
    const struct cli_command *command = find_command(commands, count, argc, argv);
    if (!command) {
        arena_clear(&cli.arena);
        return CLI_NOT_MINE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return cx_exit_code(CX_ERR(NOMEM));
    cx_err err = run_command(&cli, command, argc, argv);
    if (cx_failed(err))
        cli_report(&cli, err);
    curl_global_cleanup();
    arena_clear(&cli.arena);
    return cx_exit_code(err);
}

size_t cli_print_commands(FILE *out, const char *noun)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    static struct cli_command commands[CLI_COMMANDS_MAX];
    size_t count = 0, printed = 0;
    if (cx_failed(cli_commands(&arena, commands, &count)))
        return 0;
    for (size_t i = 0; i < count; i++) {
        char name[64];
        if (!commands[i].summary || (noun && strcmp(noun, commands[i].noun) != 0))
            continue;
        snprintf(name, sizeof(name), "%s %s", commands[i].noun,
                 commands[i].verb ? commands[i].verb : "");
        fprintf(out, "  %-24s  %s\n", name, commands[i].summary);
        printed++;
    }
    return printed;
}
