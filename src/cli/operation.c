#include "cli/operation.h"
#include "cli/enroll.h"

#include "cli_commands.h" /* generated */

#include "base/cleanup.h"
#include "base/number.h"
#include "cli/output.h"
#include "cli/secret_input.h"
#include "codec/http.h"
#include "codec/json.h"

/* ---- options from fields ---- */

static bool is_list_of_pairs(const struct api_field *field)
{
    return field->kind == API_LIST && field->item->kind == API_OBJECT &&
           field->item->schema->field_count == 2;
}

/* "validity_days" → "validity-days", the list "names" → "name". */
static cx_err option_name(struct arena *arena, const struct api_field *field, const char **ret_name)
{
    struct cx_str name;
    CX_TRY(arena_printf(arena, &name, "%s", field->name));
    char *text = (char *)(uintptr_t)name.ptr;
    for (size_t i = 0; i < name.len; i++)
        if (text[i] == '_')
            text[i] = '-';
    if (field->kind == API_LIST && name.len > 1 && text[name.len - 1] == 's')
        text[name.len - 1] = '\0';
    *ret_name = text;
    return CX_OK;
}

static const char *value_name(const struct api_field *field)
{
    const struct api_field *of = field->kind == API_LIST ? field->item : field;
    if (is_list_of_pairs(field))
        return of->schema->fields[0].kind == API_ENUM ? "KIND:VALUE" : "NAME=VALUE";
    switch (of->kind) {
    case API_INT:
        return "NUMBER";
    case API_BOOL:
        return "true|false";
    case API_ENUM:
        return "WORD";
    case API_ID:
        return "ID";
    case API_TIME:
        return "TIME";
    case API_OBJECT:
        return of->schema->field_count == 1 ? "VALUE" : "MEMBER=VALUE";
    default:
        return field->secret ? "@FILE" : "TEXT";
    }
}

/* The words of an enum belong into the help. */
static cx_err option_help(struct arena *arena, const struct api_field *field, const char **ret_help)
{
    const struct api_field *of = field->kind == API_LIST ? field->item : field;
    struct cx_str help;
    CX_TRY(arena_printf(arena, &help, "%s", field->description));
    for (size_t i = 0; of->kind == API_ENUM && i < of->enumeration->count; i++)
        CX_TRY(arena_printf(arena, &help, "%.*s%s%s", CX_STR_ARG(help), i ? "|" : ": ",
                            of->enumeration->names[i]));
    *ret_help = help.ptr;
    return CX_OK;
}

static cx_err positionals(struct arena *arena, const struct api_operation *operation,
                          struct cli_command *command)
{
    struct cx_str usage = CX_STR("");
    for (size_t i = 0; i < operation->in->field_count; i++) {
        const struct api_field *field = &operation->in->fields[i];
        if (field->place != API_IN_PATH)
            continue;
        CX_TRY(arena_printf(arena, &usage, "%.*s%s%s", CX_STR_ARG(usage), usage.len ? " " : "",
                            field->name));
        command->positional_min++;
    }
    for (size_t i = 0; i < usage.len; i++) {
        char *c = (char *)(uintptr_t)(usage.ptr + i);
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    command->positional_max = command->positional_min;
    command->positionals = usage.len ? usage.ptr : "";
    return CX_OK;
}

static const struct cli_option out_option = {
    .name = "out",
    .value_name = "FILE",
    .help = "write the answer to this file instead of standard output"};

cx_err operation_command(struct arena *arena, size_t index, const struct cli_option *extra,
                         size_t extra_count, struct cli_command *ret_command)
{
    const struct cli_operation *row = &cli_operations[index];
    const struct api_operation *operation = &api_operations[row->operation];
    struct cli_option *options = NULL;
    struct cli_command command = {.noun = row->noun,
                                  .verb = row->verb,
                                  .summary = operation->summary,
                                  .run = operation_run,
                                  .arg = row};
    CX_TRY(ARENA_NEW_ARRAY(arena, CLI_OPTIONS_MAX, &options));
    for (size_t i = 0; i < extra_count; i++)
        options[command.option_count++] = extra[i];
    if (operation->raw_response)
        options[command.option_count++] = out_option;
    for (size_t i = 0; i < operation->in->field_count; i++) {
        const struct api_field *field = &operation->in->fields[i];
        if (field->place == API_IN_PATH)
            continue;
        if (command.option_count == CLI_OPTIONS_MAX)
            return CX_ERR(INTERNAL);
        struct cli_option *option = &options[command.option_count++];
        CX_TRY(option_name(arena, field, &option->name));
        CX_TRY(option_help(arena, field, &option->help));
        option->value_name = value_name(field);
        option->repeat = field->kind == API_LIST || field->kind == API_OBJECT;
        option->required = field->required && !field->secret;
    }
    command.options = options;
    CX_TRY(positionals(arena, operation, &command));
    *ret_command = command;
    return CX_OK;
}

/* ---- body and query from values ---- */

static cx_err usage(struct cli *cli, const char *option, const char *text)
{
    return cx_refuse(&cli->diag, CX_ERR(USAGE), option, "", "--%s: %s", option, text);
}

static cx_err scalar(struct cli *cli, const struct api_field *field, const char *option,
                     struct cx_str text, json_t **ret_value)
{
    int64_t number = 0;
    json_t *value = NULL;
    if (field->kind == API_INT) {
        if (cx_failed(cx_parse_i64(text, INT64_MIN, INT64_MAX, &number)))
            return usage(cli, option, "a decimal number is needed.");
        value = json_integer(number);
    } else if (field->kind == API_BOOL) {
        if (!cx_str_is(text, "true") && !cx_str_is(text, "false"))
            return usage(cli, option, "true or false is needed.");
        value = json_boolean(cx_str_is(text, "true"));
    } else {
        CX_TRY(cli_text_argument(cli, text, &text));
        value = json_stringn(text.ptr ? text.ptr : "", text.len);
    }
    if (!value)
        return CX_ERR(NOMEM);
    *ret_value = value;
    return CX_OK;
}

static cx_err set_member(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0 ? CX_OK : CX_ERR(NOMEM);
}

/* "dns:www.example.org" or "team=x" */
static cx_err pair(struct cli *cli, const struct api_field *item, const char *option,
                   struct cx_str text, json_t **ret_value)
{
    const struct api_field *first = &item->schema->fields[0], *second = &item->schema->fields[1];
    char separator = first->kind == API_ENUM ? ':' : '=';
    const char *at = memchr(text.ptr ? text.ptr : "", separator, text.len);
    if (!at)
        return usage(cli, option,
                     first->kind == API_ENUM ? "write it as KIND:VALUE."
                                             : "write it as NAME=VALUE.");
    json_auto_t *object = json_object();
    json_t *value = NULL;
    if (!object)
        return CX_ERR(NOMEM);
    CX_TRY(scalar(cli, first, option, (struct cx_str){text.ptr, (size_t)(at - text.ptr)}, &value));
    CX_TRY(set_member(object, first->name, value));
    CX_TRY(scalar(cli, second, option,
                  (struct cx_str){at + 1, text.len - (size_t)(at + 1 - text.ptr)}, &value));
    CX_TRY(set_member(object, second->name, value));
    *ret_value = json_incref(object);
    return CX_OK;
}

/* Adds one member=value to an object; an object of one member takes the bare value. */
static cx_err add_member(struct cli *cli, const struct api_field *field, const char *option,
                         struct cx_str text, json_t *object)
{
    const struct api_field *member = NULL;
    json_t *value = NULL;
    const char *equals = memchr(text.ptr ? text.ptr : "", '=', text.len);
    struct cx_str name = {text.ptr, equals ? (size_t)(equals - text.ptr) : 0};
    for (size_t i = 0; equals && i < field->schema->field_count; i++)
        if (cx_str_is(name, field->schema->fields[i].name))
            member = &field->schema->fields[i];
    if (member)
        text = (struct cx_str){equals + 1, text.len - name.len - 1};
    else if (field->schema->field_count == 1)
        member = &field->schema->fields[0];
    else
        return usage(cli, option, "write it as MEMBER=VALUE; the API reference lists the members.");
    if (json_object_get(object, member->name))
        return usage(cli, option, "a member is given twice.");
    CX_TRY(scalar(cli, member, option, text, &value));
    return set_member(object, member->name, value);
}

static cx_err add_value(struct cli *cli, const struct api_field *field, const char *option,
                        struct cx_str text, json_t *body)
{
    json_t *value = NULL, *container = json_object_get(body, field->name);
    if (field->kind != API_LIST && field->kind != API_OBJECT) {
        CX_TRY(scalar(cli, field, option, text, &value));
        return set_member(body, field->name, value);
    }
    if (!container) {
        container = field->kind == API_LIST ? json_array() : json_object();
        CX_TRY(set_member(body, field->name, container));
    }
    if (field->kind == API_OBJECT)
        return add_member(cli, field, option, text, container);
    if (is_list_of_pairs(field))
        CX_TRY(pair(cli, field->item, option, text, &value));
    else
        CX_TRY(scalar(cli, field->item, option, text, &value));
    return json_array_append_new(container, value) == 0 ? CX_OK : CX_ERR(NOMEM);
}

static cx_err add_secret(struct cli *cli, const struct api_field *field, const char *option,
                         json_t *body)
{
    struct cx_str text = CX_STR_NONE;
    bool given = cli_get(cli, option, &text);
    if (!given && !field->required)
        return CX_OK;
    if (given && (text.len < 2 || text.ptr[0] != '@'))
        return usage(
            cli, option,
            "a secret is read from a file (@FILE) or standard input (@-), never from arguments.");
    CX_TRY(given ? cli_text_argument(cli, text, &text)
                 : secret_input(cli, field->description, &text));
    while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return set_member(body, field->name, json_stringn(text.ptr ? text.ptr : "", text.len));
}

cx_err operation_body(struct cli *cli, const struct api_operation *operation, json_t **ret_body)
{
    json_auto_t *body = json_object();
    if (!body)
        return CX_ERR(NOMEM);
    if (operation->body_max == 0) {
        *ret_body = NULL;
        return CX_OK;
    }
    for (size_t i = 0; i < operation->in->field_count; i++) {
        const struct api_field *field = &operation->in->fields[i];
        const char *option = NULL;
        if (field->place != API_IN_BODY)
            continue;
        CX_TRY(option_name(&cli->arena, field, &option));
        if (field->secret) {
            CX_TRY(add_secret(cli, field, option, body));
            continue;
        }
        for (size_t v = 0; v < cli->value_count; v++)
            if (strcmp(cli->values[v].option->name, option) == 0)
                CX_TRY(add_value(cli, field, option, cli->values[v].text, body));
    }
    *ret_body = json_incref(body);
    return CX_OK;
}

static cx_err add_query(struct cli *cli, const struct api_operation *operation, struct cx_buf *path)
{
    char separator = '?';
    for (size_t i = 0; i < operation->in->field_count; i++) {
        const struct api_field *field = &operation->in->fields[i];
        const char *option = NULL;
        struct cx_str text;
        if (field->place != API_IN_QUERY)
            continue;
        CX_TRY(option_name(&cli->arena, field, &option));
        if (!cli_get(cli, option, &text))
            continue;
        CX_TRY(cx_buf_addf(path, "%c%s=", separator, field->name));
        CX_TRY(http_percent_encode(text, path));
        separator = '&';
    }
    return CX_OK;
}

cx_err operation_path(struct cli *cli, const struct api_operation *operation,
                      struct cx_str *ret_path)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf path = CX_BUF_INIT(16384);
    size_t positional = 0;
    for (const char *from = operation->path; *from; from++) {
        if (*from != '{') {
            CX_TRY(cx_buf_add_u8(&path, (uint8_t)*from));
            continue;
        }
        if (positional == cli->positional_count || cli->positionals[positional].len == 0)
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "", "An argument is missing or empty.");
        CX_TRY(http_percent_encode(cli->positionals[positional++], &path));
        from = strchr(from, '}');
    }
    CX_TRY(add_query(cli, operation, &path));
    return arena_copy_str(&cli->arena, (struct cx_str){(const char *)path.ptr, path.len}, ret_path);
}

/* ---- the call ---- */

cx_err operation_context(struct cli *cli, struct cli_context *ret_context)
{
    const char *token = getenv("CERTINEXT_TOKEN");
    if (cli->local.len && token) {
        *ret_context = (struct cli_context){.token = cx_str_from(token)};
        return CX_OK;
    }
    CX_TRY(context_choose(cli, ret_context));
    if (token) /* for scripts that hold a narrower token than the context's */
        ret_context->token = cx_str_from(token);
    return CX_OK;
}

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static cx_err send_call(struct cli *cli, const struct api_operation *operation, struct cx_str path,
                        const json_t *body, FILE *out, struct http_answer *ret_answer)
{
    struct cli_context context;
    struct http_call call = {.method = method_names[operation->method], .path = path, .out = out};
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return CX_ERR(NOMEM);
    if (text) {
        call.content_type = "application/json";
        call.body = CX_BYTES(text, strlen(text));
    }
    cx_err err = operation_context(cli, &context);
    if (cx_is_ok(err))
        err = http_send(cli, &context, &call, ret_answer);
    if (text)
        cx_wipe(text, strlen(text)); /* it may hold a password */
    free(text);
    CX_TRY(err);
    return http_problem(cli, ret_answer);
}

cx_err operation_call(struct cli *cli, const struct api_operation *operation, struct cx_str path,
                      const json_t *body, json_t **ret_answer)
{
    struct http_answer answer;
    CX_TRY(send_call(cli, operation, path, body, NULL, &answer));
    return json_parse(answer.body, HTTP_ANSWER_MAX, &cli->diag, ret_answer);
}

static cx_err run_raw(struct cli *cli, const struct api_operation *operation, struct cx_str path,
                      const json_t *body)
{
    struct http_answer answer;
    struct cx_str file;
    if (!cli_get(cli, "out", &file))
        return send_call(cli, operation, path, body, stdout, &answer);
    FILE *out = fopen(file.ptr, "wbx"); /* an existing file is not overwritten */
    if (!out)
        return cx_refuse(&cli->diag, CX_ERR(IO), "out", "", "%s exists already or cannot be made.",
                         file.ptr);
    cx_err err = send_call(cli, operation, path, body, out, &answer);
    if (fclose(out) != 0 && cx_is_ok(err))
        err = cx_refuse(&cli->diag, CX_ERR(IO), "out", "", "%s cannot be written.", file.ptr);
    return err;
}

cx_err operation_run(struct cli *cli, const struct cli_command *command)
{
    const struct cli_operation *row = command->arg;
    const struct api_operation *operation = &api_operations[row->operation];
    json_auto_t *body = NULL, *answer = NULL;
    struct cx_str path;
    CX_TRY(operation_path(cli, operation, &path));
    CX_TRY(operation_body(cli, operation, &body));
    if (operation->raw_response)
        return run_raw(cli, operation, path, body);
    CX_TRY(operation_call(cli, operation, path, body, &answer));
    CX_TRY(output_document(cli, answer, row->columns, row->column_count));
    return enroll_print_hand_over(cli, answer);
}
