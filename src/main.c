/*
 * certinext: the subcommand table and nothing else. Each folder brings its own mains. Commands that talk to a server
 * or look at files come first (cli/commands.h): they match noun and verb, so `profile list` is one of theirs and
 * `profile install` is not.
 */
#include "cli/commands.h"
#include "cli/doctor.h"
#include "core/main.h"
#include "host/host.h"
#include "keys/main.h"
#include "outbound/outbound.h"
#include "supervisor/serve.h"

#include "base/checked.h"

static const struct role_entry roles[] = {
    {ROLE_KEYS, keys_main},
    {ROLE_CORE, core_main},
    {ROLE_OUTBOUND, outbound_main},
};

static int role(int argc, char **argv)
{
    return role_command(argc, argv, roles, CX_COUNT_OF(roles));
}

/* Each takes the arguments behind its name and returns the exit code. */
struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *positionals, *help;
};
static const struct subcommand subcommands[] = {
    {"serve", serve_command, "", "Run an instance in the foreground"},
    {"config", config_command, "check|dump|document", "Check, dump or document the configuration"},
    {"role", role, NULL, NULL},                        /* for the supervisor, not for people */
    {"ceremony-keys", host_ceremony_main, NULL, NULL}, /* for the host commands */
};

static int usage(FILE *out, int code)
{
    fprintf(out, "Usage: certinext COMMAND [ARGUMENT ...]\n\nOn the server's host:\n");
    for (size_t i = 0; i < CX_COUNT_OF(subcommands); i++)
        if (subcommands[i].help != NULL)
            fprintf(out, "  %-24s  %s\n", subcommands[i].name, subcommands[i].help);
    host_print_commands(out, NULL);
    fprintf(out, "\nEverywhere (each takes --help):\n");
    cli_print_commands(out, NULL);
    return code;
}

/* "certinext ca" and "certinext ca --help": the verbs. */
static bool print_verbs(int argc, char **argv)
{
    if (argc > 3 || (argc == 3 && strcmp(argv[2], "--help") != 0))
        return false;
    size_t count = host_print_commands(stdout, argv[1]) + cli_print_commands(stdout, argv[1]);
    return count > 0;
}

static int run_subcommand(const struct subcommand *subcommand, int argc, char **argv)
{
    if (subcommand->help == NULL || argc < 1 || strcmp(argv[argc - 1], "--help") != 0)
        return subcommand->run(argc, argv);
    printf("Usage: certinext %s [OPTION …] %s\n\n%s.\n\nOptions:\n"
           "  --data DIR                        data directory of the instance (required)\n"
           "  --set OPTION=VALUE                instead of the value in certinext.yaml (may be "
           "repeated)\n"
           "  --help                            print this help\n",
           subcommand->name, subcommand->positionals, subcommand->help);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr, cx_exit_code(CX_ERR(USAGE)));
    doctor_further = host_doctor;
    cli_host_commands = host_commands(&cli_host_command_count);
    int done = cli_run(argc - 1, argv + 1);
    if (done == CLI_NOT_MINE)
        done = host_run(argc - 1, argv + 1);
    if (done != CLI_NOT_MINE)
        return done;
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (print_verbs(argc, argv))
        return 0;
    for (size_t i = 0; i < CX_COUNT_OF(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return run_subcommand(&subcommands[i], argc - 2, argv + 2);
    fprintf(stderr, "certinext: there is no command \"%s%s%s\"; see certinext --help\n", argv[1],
            argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
    return cx_exit_code(CX_ERR(USAGE));
}
