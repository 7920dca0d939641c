/* The table of host commands. Parsing, help and exit codes are those of every other command (cli/cli.h). */
#include "host/commands.h"

#include "base/cleanup.h"
#include "cli/commands.h"

#define DATA                                                                                       \
    {                                                                                              \
        .name = "data", .value_name = "DIR",                                                       \
        .help = "data directory of the instance (default ./certinext-data)"                        \
    }
#define TENANT                                                                                     \
    {                                                                                              \
        .name = "tenant", .value_name = "NAME", .help = "tenant (default \"default\")"             \
    }
#define NAME                                                                                       \
    {                                                                                              \
        .name = "name", .value_name = "NAME", .help = "name of the CA: a-z, 0-9 and -",            \
        .required = true                                                                           \
    }
#define KEY                                                                                        \
    {                                                                                              \
        .name = "key-type", .value_name = "WORD",                                                  \
        .help = "p256 (default), p384, rsa2048, rsa3072, rsa4096, ed25519"                         \
    }
#define SUBJECT                                                                                    \
    {                                                                                              \
        .name = "subject", .value_name = "DN", .help = "\"CN=Example CA,O=Example\"",              \
        .required = true                                                                           \
    }
#define BACKEND                                                                                    \
    {                                                                                              \
        .name = "backend", .value_name = "WORD",                                                   \
        .help = "where its key lives: file (default) or pkcs11"                                    \
    }
#define LABEL                                                                                      \
    {                                                                                              \
        .name = "key-label", .value_name = "TEXT", .help = "label of the key in the PKCS#11 token" \
    }
#define DAYS                                                                                       \
    {                                                                                              \
        .name = "validity-days", .value_name = "N",                                                \
        .help = "days of validity, else the profile's default"                                     \
    }
#define PATH                                                                                       \
    {                                                                                              \
        .name = "path-length", .value_name = "N",                                                  \
        .help = "CAs allowed below it, else the profile's"                                         \
    }
#define PROFILE                                                                                    \
    {                                                                                              \
        .name = "profile", .value_name = "NAME",                                                   \
        .help = "certificate profile (default root-ca or sub-ca)"                                  \
    }
#define PERMIT                                                                                     \
    {                                                                                              \
        .name = "permit-dns", .value_name = "DOMAIN",                                              \
        .help = "name constraint: only names in this domain", .repeat = true                       \
    }
#define EXCLUDE                                                                                    \
    {                                                                                              \
        .name = "exclude-dns", .value_name = "DOMAIN",                                             \
        .help = "name constraint: no names in this domain", .repeat = true                         \
    }

static const struct cli_option init_options[] = {
    DATA,
    {.name = "database",
     .value_name = "URL",
     .help = "sqlite:/PATH (default: in the data directory) or postgresql://…"},
    {.name = "listen",
     .value_name = "ADDRESS:PORT",
     .help = "where the gate serves HTTPS; also the URL that clients use"},
    {.name = "http-listen",
     .value_name = "ADDRESS:PORT",
     .help = "where it serves CRLs and OCSP over plain HTTP"},
    {.name = "uid-base",
     .value_name = "N",
     .help = "started as root, the processes run as user ids N+1 … N+4"},
    {.name = "name",
     .value_name = "TEXT",
     .help = "organisation in the names of the development CAs"},
    {.name = "set",
     .value_name = "OPTION=VALUE",
     .help = "a value for certinext.yaml",
     .repeat = true},
    {.name = "development", .help = "make a development root and issuing CA, to try things"},
    {.name = "drill", .help = "mark as a drill instance: it accepts a simulated clock"},
    TENANT,
    {.name = "display-name", .value_name = "TEXT", .help = "name of the first administrator"},
};
static const struct cli_option invite_options[] = {
    DATA,
    TENANT,
    {.name = "display-name", .value_name = "TEXT", .help = "name of the administrator"}};
static const struct cli_option invite_tenant_options[] = {
    DATA,
    {.name = "display-name", .value_name = "TEXT", .help = "name of its first administrator"}};
#define EFFECTIVE                                                                                  \
    {                                                                                              \
        .name = "effective", .value_name = "TIME",                                                 \
        .help = "when it comes into force, else at once"                                           \
    }
static const struct cli_option profile_options[] = {DATA, TENANT, EFFECTIVE};
static const struct cli_option rollback_options[] = {DATA,
                                                     TENANT,
                                                     EFFECTIVE,
                                                     {.name = "version",
                                                      .value_name = "NUMBER",
                                                      .required = true,
                                                      .help = "the version whose content it gets"}};
static const struct cli_option root_options[] = {DATA,    TENANT, NAME, KEY,  SUBJECT,
                                                 BACKEND, LABEL,  DAYS, PATH, PROFILE};
static const struct cli_option create_options[] = {DATA,
                                                   TENANT,
                                                   NAME,
                                                   KEY,
                                                   SUBJECT,
                                                   BACKEND,
                                                   LABEL,
                                                   DAYS,
                                                   PATH,
                                                   PROFILE,
                                                   PERMIT,
                                                   EXCLUDE,
                                                   {.name = "parent",
                                                    .value_name = "NAME",
                                                    .help = "the CA here that signs it",
                                                    .required = true}};
static const struct cli_option sign_options[] = {
    DATA,
    TENANT,
    DAYS,
    PATH,
    PROFILE,
    PERMIT,
    EXCLUDE,
    {.name = "parent", .value_name = "NAME", .help = "the CA here that signs it", .required = true},
    {.name = "out", .value_name = "FILE", .help = "the certificate (PEM)", .required = true}};
static const struct cli_option request_options[] = {DATA,
                                                    TENANT,
                                                    NAME,
                                                    KEY,
                                                    SUBJECT,
                                                    BACKEND,
                                                    LABEL,
                                                    {.name = "out",
                                                     .value_name = "FILE",
                                                     .help = "the certificate signing request",
                                                     .required = true}};
static const struct cli_option install_options[] = {
    DATA,
    TENANT,
    NAME,
    {.name = "certificate",
     .value_name = "FILE",
     .help = "the signed certificate (PEM)",
     .required = true},
    {.name = "chain", .value_name = "FILE", .help = "certificates above it, root last (PEM)"}};
static const struct cli_option import_options[] = {
    DATA,
    TENANT,
    NAME,
    {.name = "certificate",
     .value_name = "FILE",
     .help = "the CA's certificate (PEM)",
     .required = true},
    {.name = "key",
     .value_name = "FILE",
     .help = "its private key (PKCS#8, PEM)",
     .required = true},
    {.name = "chain", .value_name = "FILE", .help = "certificates above it, root last (PEM)"}};
static const struct cli_option add_chain_options[] = {
    DATA,
    TENANT,
    NAME,
    {.name = "certificate",
     .value_name = "FILE",
     .help = "its certificate from another CA, or its own below a CA that has one (PEM)",
     .required = true},
    {.name = "chain",
     .value_name = "FILE",
     .help = "certificates above it, root last (PEM)",
     .required = true}};
static const struct cli_option remove_chain_options[] = {DATA, TENANT, NAME};
static const struct cli_option list_options[] = {DATA, TENANT};
static const struct cli_option key_list_options[] = {DATA};
static const struct cli_option key_list_add_options[] = {
    DATA,
    {.name = "name",
     .value_name = "NAME",
     .help = "name of the list: a-z, 0-9 and -; one of that name is replaced",
     .required = true}};

#define OPTIONS(table) .options = table, .option_count = sizeof(table) / sizeof((table)[0])

static const struct cli_command commands[] = {
    {.noun = "init",
     .positionals = "",
     OPTIONS(init_options),
     .run = init_run,
     .summary = "Make an instance: data directory, keys, database, first administrator"},
    {.noun = "invite",
     .positionals = "",
     OPTIONS(invite_options),
     .run = invite_run,
     .summary = "Make a one-time link for a new administrator"},
    {.noun = "tenant",
     .verb = "create",
     .positionals = "NAME",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(invite_tenant_options),
     .run = tenant_create_run,
     .summary = "Make a tenant with its profiles and first administrator"},
    {.noun = "profile",
     .verb = "check",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     .run = profile_check_run,
     .summary = "Check a certificate profile without installing it"},
    {.noun = "profile",
     .verb = "install",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(profile_options),
     .run = profile_install_run,
     .summary = "Install a new certificate profile or version"},
    {.noun = "profile",
     .verb = "rollback",
     .positionals = "NAME",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(rollback_options),
     .run = profile_rollback_run,
     .summary = "Install the content of an earlier version as the newest"},
    {.noun = "ca",
     .verb = "create-root",
     .positionals = "",
     OPTIONS(root_options),
     .run = ca_create_root_run,
     .summary = "Make a root CA"},
    {.noun = "ca",
     .verb = "create",
     .positionals = "",
     OPTIONS(create_options),
     .run = ca_create_run,
     .summary = "Make an issuing CA, signed by a CA here"},
    {.noun = "ca",
     .verb = "request",
     .positionals = "",
     OPTIONS(request_options),
     .run = ca_request_run,
     .summary = "Make the key and request of an issuing CA that an offline root signs"},
    {.noun = "ca",
     .verb = "install",
     .positionals = "",
     OPTIONS(install_options),
     .run = ca_install_run,
     .summary = "Install what the offline root signed"},
    {.noun = "ca",
     .verb = "import",
     .positionals = "",
     OPTIONS(import_options),
     .run = ca_import_run,
     .summary = "Take over an existing CA with its key"},
    {.noun = "ca",
     .verb = "add-chain",
     .positionals = "",
     OPTIONS(add_chain_options),
     .run = ca_add_chain_run,
     .summary = "Offer ACME clients another chain, to another root"},
    {.noun = "ca",
     .verb = "remove-chain",
     .positionals = "POSITION",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(remove_chain_options),
     .run = ca_remove_chain_run,
     .summary = "Offer another chain no longer"},
    {.noun = "ca",
     .verb = "sign-csr",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(sign_options),
     .run = ca_sign_csr_run,
     .summary = "Sign the request of a CA whose key is elsewhere"},
    {.noun = "ca",
     .verb = "show",
     .positionals = "NAME",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(list_options),
     .run = ca_show_run,
     .summary = "Show a CA and its certificates"},
    {.noun = "ca",
     .verb = "list",
     .positionals = "",
     OPTIONS(list_options),
     .run = ca_list_run,
     .summary = "List the CAs of the key directory"},
    {.noun = "key-list",
     .verb = "add",
     .positionals = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(key_list_add_options),
     .run = key_list_add_run,
     .summary = "Never certify the keys of a file: a SHA-256 of the public key a line"},
    {.noun = "key-list",
     .verb = "list",
     .positionals = "",
     OPTIONS(key_list_options),
     .run = key_list_list_run,
     .summary = "List the lists of compromised keys"},
    {.noun = "key-list",
     .verb = "remove",
     .positionals = "NAME",
     .positional_min = 1,
     .positional_max = 1,
     OPTIONS(key_list_options),
     .run = key_list_remove_run,
     .summary = "Remove a list of compromised keys"},
    {.noun = "gate",
     .verb = "certificate",
     .positionals = "",
     OPTIONS(list_options),
     .run = gate_certificate_run,
     .summary = "Issue a new TLS certificate for the gate"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static cx_err run_command(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
    int words = command->verb ? 2 : 1;
    bool help = false;
    CX_TRY(cli_parse(cli, command, argc - words, argv + words, &help));
    if (!help)
        return command->run(cli, command);
    cli_print_help(command, stdout);
    return CX_OK;
}

int host_run(int argc, char **argv)
{
    static struct cli cli; /* one command a process */
    const struct cli_command *command = NULL;
    for (size_t i = 0; argc > 0 && i < COMMAND_COUNT && !command; i++)
        if (strcmp(commands[i].noun, argv[0]) == 0 &&
            (!commands[i].verb || (argc > 1 && strcmp(commands[i].verb, argv[1]) == 0)))
            command = &commands[i];
    if (!command)
        return CLI_NOT_MINE;
    cli = (struct cli){.arena = ARENA_INIT(CLI_ARENA_MAX)};
    cx_err err = run_command(&cli, command, argc, argv);
    if (cx_failed(err))
        cli_report(&cli, err);
    arena_clear(&cli.arena);
    return cx_exit_code(err);
}

const struct cli_command *host_commands(size_t *ret_count)
{
    *ret_count = COMMAND_COUNT;
    return commands;
}

size_t host_print_commands(FILE *out, const char *noun)
{
    size_t printed = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char name[64];
        if (noun && strcmp(noun, commands[i].noun) != 0)
            continue;
        (void)snprintf(name, sizeof(name), "%s %s", commands[i].noun,
                       commands[i].verb ? commands[i].verb : "");
        fprintf(out, "  %-24s  %s\n", name, commands[i].summary);
        printed++;
    }
    return printed;
}
