#include "cli/login.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/secret_input.h"

/* Asked for without echo unless --name @FILE says where it is; never an argument, which the process list shows. */
static cx_err read_secret(struct cli *cli, const char *option, const char *what,
                          struct cx_str *ret_text)
{
    struct cx_str text;
    if (!cli_get(cli, option, &text))
        return secret_input(cli, what, ret_text);
    if (text.len < 2 || text.ptr[0] != '@' || text.ptr[1] == '@')
        return cx_refuse(
            &cli->diag, CX_ERR(USAGE), option, "secret-argument",
            "a secret is read from a file (@FILE) or standard input (@-), never from arguments.");
    CX_TRY(cli_text_argument(cli, text, &text));
    while (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    *ret_text = text;
    return CX_OK;
}

static cx_err add_text(json_t *body, const char *key, struct cx_str text)
{
    json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);
    return json_object_set_new(body, key, value) == 0 ? CX_OK : CX_ERR(NOMEM);
}

static cx_err send_body(struct cli *cli, const struct cli_context *context,
                        enum api_operation_id operation, bool certified, const json_t *body,
                        json_t **ret_answer)
{
    struct http_answer answer;
    char *text = json_dumps(body, JSON_COMPACT);
    if (!text)
        return CX_ERR(NOMEM);
    struct http_call call = {.method = "POST",
                             .path = cx_str_from(api_operations[operation].path),
                             .content_type = "application/json",
                             .body = CX_BYTES(text, strlen(text)),
                             .certified = certified};
    cx_err err = http_send(cli, context, &call, &answer);
    cx_wipe(text, strlen(text));
    free(text);
    CX_TRY(err);
    CX_TRY(http_problem(cli, &answer));
    return json_parse(answer.body, HTTP_ANSWER_MAX, &cli->diag, ret_answer);
}

/* The new secret into the context, the rest to the screen. */
static cx_err keep_secret(struct cli *cli, struct cli_context *context, json_t *answer)
{
    struct cli_contexts contexts;
    const char *secret = json_string_value(json_object_get(answer, "secret"));
    if (!secret)
        return cx_refuse(&cli->diag, CX_ERR(PARSE), "", "", "The server's answer holds no secret.");
    CX_TRY(arena_copy_str(&cli->arena, cx_str_from(secret), &context->token));
    CX_TRY(context_load(cli, &contexts));
    CX_TRY(context_put(cli, &contexts, context));
    CX_TRY(context_save(cli, &contexts));
    if (json_object_del(answer, "secret") != 0)
        return CX_ERR(INTERNAL);
    return output_document(cli, json_object_get(answer, "session"), NULL, 0);
}

/* The path from the root, since the context is used from other folders, too; the file is there. */
static cx_err take_path(struct cli *cli, const char *option, struct cx_str *path)
{
    struct cx_str given, text;
    CX_AUTO_FREE char *whole = NULL;
    if (!cli_get(cli, option, &given))
        return CX_OK;
    CX_TRY(arena_copy_str(&cli->arena, given, &text));
    whole = realpath(text.ptr, NULL);
    if (!whole)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), option, "file-missing",
                         "There is no file %.*s.", CX_STR_ARG(text));
    return arena_copy_str(&cli->arena, cx_str_from(whole), path);
}

/* What is given now goes before what the context remembers. With a code, no certificate is shown. */
static cx_err take_certificate(struct cli *cli, struct cli_context *context, bool *ret_certified)
{
    struct cx_str text;
    CX_TRY(take_path(cli, "client-cert", &context->client_cert));
    CX_TRY(take_path(cli, "client-key", &context->client_key));
    if (cli_get(cli, "client-url", &text)) {
        if (!cx_str_starts(text, CX_STR("https://")))
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "client-url", "client-url",
                             "A client certificate is shown over https only.");
        CX_TRY(arena_copy_str(&cli->arena, text, &context->client_url));
    }
    size_t parts = (context->client_cert.len > 0) + (context->client_key.len > 0) +
                   (context->client_url.len > 0);
    *ret_certified = parts == 3 && !cli_get(cli, "code", &text);
    if (parts == 0 || parts == 3)
        return CX_OK;
    return cx_refuse(&cli->diag, CX_ERR(USAGE), "client-cert", "client-certificate-parts",
                     "--client-cert, --client-key and --client-url go together.");
}

cx_err login_run(struct cli *cli, const struct cli_command *command)
{
    struct cli_context context;
    struct cx_str account, tenant, password, code;
    bool certified = false;
    json_auto_t *body = json_pack("{s:b}", "bearer", 1), *answer = NULL;
    (void)command;
    if (!body)
        return CX_ERR(NOMEM);
    CX_TRY(context_choose(cli, &context));
    context.token = CX_STR_NONE;            /* an old one proves nothing here */
    if (!cli_get(cli, "account", &account)) /* the frame has refused that already */
        return CX_ERR(USAGE);
    CX_TRY(add_text(body, "account", account));
    CX_TRY(take_certificate(cli, &context, &certified));
    if (cli_get(cli, "tenant-id", &tenant))
        CX_TRY(add_text(body, "tenant_id", tenant));
    CX_TRY(read_secret(cli, "password", "Password", &password));
    CX_TRY(add_text(body, "password", password));
    if (!certified) {
        CX_TRY(read_secret(cli, "code", "One-time code", &code));
        CX_TRY(add_text(body, "code", code));
    }
    CX_TRY(send_body(cli, &context, API_OP_LOGIN_PASSWORD, certified, body, &answer));
    return keep_secret(cli, &context, answer);
}

cx_err login_run_step_up(struct cli *cli, const struct cli_command *command)
{
    struct cli_context context;
    struct cx_str code;
    json_auto_t *body = json_object(), *answer = NULL;
    (void)command;
    if (!body)
        return CX_ERR(NOMEM);
    CX_TRY(context_choose(cli, &context));
    CX_TRY(read_secret(cli, "code", "One-time code", &code));
    CX_TRY(add_text(body, "code", code));
    CX_TRY(send_body(cli, &context, API_OP_SESSION_STEP_UP, false, body, &answer));
    return keep_secret(cli, &context, answer);
}
