#include "cli/cli.h"

#include "base/cleanup.h"
#include "codec/json_write.h"
#include "os/file.h"

#include <unistd.h>

static const struct cli_option common[] = {
    {.name = "json", .help = "print one JSON document"},
    {.name = "context",
     .value_name = "NAME",
     .help = "use this context instead of the current one"},
    {.name = "local",
     .value_name = "DIR",
     .help = "talk to the server on this host through DIR/run/local.sock"},
    {.name = "because",
     .value_name = "TEXT",
     .help = "why: recorded with what the command changes"},
    {.name = "help", .help = "print this help"},
};

bool cli_get(const struct cli *cli, const char *name, struct cx_str *ret_text)
{
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].option->name, name) == 0) {
            *ret_text = cli->values[i].text;
            return true;
        }
    return false;
}

bool cli_has(const struct cli *cli, const char *name)
{
    struct cx_str text;
    return cli_get(cli, name, &text);
}

static const struct cli_option *find_option(const struct cli_command *command, struct cx_str name)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (cx_str_is(name, command->options[i].name))
            return &command->options[i];
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (cx_str_is(name, common[i].name))
            return &common[i];
    return NULL;
}

static cx_err add_value(struct cli *cli, const struct cli_option *option, struct cx_str text)
{
    if (!option->repeat && cli_has(cli, option->name))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), option->name, "", "--%s may be given once.",
                         option->name);
    if (cli->value_count == CLI_VALUES_MAX)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), option->name, "", "Too many options.");
    cli->values[cli->value_count++] = (struct cli_value){option, text};
    return CX_OK;
}

/* word starts with "--". *used counts the words taken after it. */
static cx_err parse_option(struct cli *cli, const struct cli_command *command, struct cx_str word,
                           const char *next, int *used)
{
    struct cx_str name = {word.ptr + 2, word.len - 2}, text = CX_STR_NONE;
    const char *equals = memchr(name.ptr, '=', name.len);
    if (equals) {
        text = (struct cx_str){equals + 1, (size_t)(name.ptr + name.len - equals - 1)};
        name.len = (size_t)(equals - name.ptr);
    }
    const struct cli_option *option = find_option(command, name);
    if (!option)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "",
                         "There is no option --%.*s here; see --help.", CX_STR_ARG(name));
    if (!option->value_name && equals)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), option->name, "", "--%s takes no value.",
                         option->name);
    if (option->value_name && !equals) {
        if (!next)
            return cx_refuse(&cli->diag, CX_ERR(USAGE), option->name, "", "--%s needs a value.",
                             option->name);
        text = cx_str_from(next);
        *used = 1;
    }
    return add_value(cli, option, text);
}

static cx_err check_required(struct cli *cli, const struct cli_command *command)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].required && !cli_has(cli, command->options[i].name))
            return cx_refuse(&cli->diag, CX_ERR(USAGE), command->options[i].name, "",
                             "--%s is required.", command->options[i].name);
    if (cli->positional_count < command->positional_min ||
        cli->positional_count > command->positional_max)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "Usage: certinext %s%s%s %s",
                         command->noun, command->verb ? " " : "",
                         command->verb ? command->verb : "", command->positionals);
    return CX_OK;
}

cx_err cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                 bool *ret_help)
{
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        struct cx_str word;
        int used = 0;
        if (cx_failed(cx_str_view(CX_BYTES(argv[i], strlen(argv[i])), &word)))
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "Argument %d is not UTF-8.", i + 1);
        if (!options_end && cx_str_is(word, "--")) {
            options_end = true;
        } else if (!options_end && cx_str_starts(word, CX_STR("--"))) {
            CX_TRY(parse_option(cli, command, word, i + 1 < argc ? argv[i + 1] : NULL, &used));
            i += used;
        } else {
            if (cli->positional_count == CLI_POSITIONALS_MAX)
                return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "Too many arguments.");
            cli->positionals[cli->positional_count++] = word;
        }
    }
    cli->json = cli_has(cli, "json");
    (void)cli_get(cli, "context", &cli->context);
    (void)cli_get(cli, "local", &cli->local);
    (void)cli_get(cli, "because", &cli->because);
    *ret_help = cli_has(cli, "help");
    return *ret_help ? CX_OK : check_required(cli, command);
}

static void print_option(const struct cli_option *option, FILE *out)
{
    char name[64];
    snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value_name ? " " : "",
             option->value_name ? option->value_name : "");
    fprintf(out, "  %-32s  %s%s%s\n", name, option->help, option->required ? " (required)" : "",
            option->repeat ? " (may be repeated)" : "");
}

void cli_print_help(const struct cli_command *command, FILE *out)
{
    fprintf(out, "Usage: certinext %s%s%s [OPTION …] %s\n\n%s.\n\nOptions:\n", command->noun,
            command->verb ? " " : "", command->verb ? command->verb : "", command->positionals,
            command->summary);
    for (size_t i = 0; i < command->option_count; i++)
        print_option(&command->options[i], out);
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        print_option(&common[i], out);
}

static cx_err read_stdin(struct cx_buf *out)
{
    uint8_t piece[8192];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));
        if (n < 0)
            return CX_ERR(IO);
        if (n == 0)
            return CX_OK;
        CX_TRY(cx_buf_add(out, CX_BYTES(piece, (size_t)n)));
    }
}

cx_err cli_read_file(struct cli *cli, struct cx_str path, struct cx_bytes *ret_content)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf content = CX_BUF_INIT(CLI_FILE_MAX);
    char name[OS_PATH_MAX];
    cx_err err =
        cx_str_is(path, "-") ? read_stdin(&content) : os_path(name, "%.*s", CX_STR_ARG(path));
    if (cx_is_ok(err) && !cx_str_is(path, "-"))
        err = os_file_read(name, CLI_FILE_MAX, &content);
    if (cx_failed(err))
        return cx_refuse(&cli->diag, err, "", "", "%.*s cannot be read: %s.", CX_STR_ARG(path),
                         cx_err_name(err));
    return arena_copy(&cli->arena, cx_buf_view(&content), ret_content);
}

cx_err cli_text_argument(struct cli *cli, struct cx_str argument, struct cx_str *ret_text)
{
    struct cx_bytes content;
    if (argument.len == 0 || argument.ptr[0] != '@') {
        *ret_text = argument;
        return CX_OK;
    }
    argument = (struct cx_str){argument.ptr + 1, argument.len - 1};
    if (argument.len && argument.ptr[0] == '@') {
        *ret_text = argument;
        return CX_OK;
    }
    CX_TRY(cli_read_file(cli, argument, &content));
    if (cx_failed(cx_str_view(content, ret_text)))
        return cx_refuse(&cli->diag, CX_ERR(PARSE), "", "", "%.*s is not text (UTF-8).",
                         CX_STR_ARG(argument));
    return CX_OK;
}

static cx_err report_json(const struct cli *cli, cx_err err)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(8192);
    struct json_writer json = json_writer(&text);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "error", cx_err_name(err)));
    CX_TRY(json_write_text(&json, "detail", cli->diag.text));
    if (cli->diag.field[0])
        CX_TRY(json_write_text(&json, "field", cli->diag.field));
    if (cli->diag.rule[0])
        CX_TRY(json_write_text(&json, "rule", cli->diag.rule));
    CX_TRY(json_end(&json));
    fprintf(stderr, "%.*s\n", (int)text.len, (const char *)text.ptr);
    return CX_OK;
}

void cli_report(const struct cli *cli, cx_err err)
{
    const struct cx_diag *diag = &cli->diag;
    if (cli->json && cx_is_ok(report_json(cli, err)))
        return;
    fprintf(stderr, "certinext: %s", diag->text[0] ? diag->text : cx_err_name(err));
    if (diag->field[0])
        fprintf(stderr, " [%s]", diag->field);
    if (diag->rule[0])
        fprintf(stderr, " (rule %s)", diag->rule);
    fputc('\n', stderr);
}
