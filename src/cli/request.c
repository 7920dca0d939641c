#include "cli/request.h"

#include "api_types.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/newkey.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "codec/base64.h"
#include "os/file.h"

#include <unistd.h>

static const struct cli_option create_extra[] = {
    {.name = "new-key",
     .value_name = "FILE",
     .help = "make a key here, write it to this new file, and send its request"},
    {.name = "key-type",
     .value_name = "WORD",
     .help = "kind of the new key: p256 (default), p384, rsa2048, …, ed25519"},
    {.name = "wait", .help = "wait until the request is decided and the certificate is issued"},
    {.name = "out",
     .value_name = "FILE",
     .help = "wait, and write the certificate with its chain to this new file"},
};

static const struct cli_option collect_extra[] = {
    {.name = "out",
     .value_name = "FILE",
     .help = "write the PKCS#12 file here (mode 0600)",
     .required = true},
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool undecided(const json_t *request)
{
    static const char *const states[] = {"awaiting_approval", "approved", "issuing"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(text_of(request, "state"), states[i]) == 0)
            return true;
    return false;
}

/* Polls, slower and slower, until somebody decided. */
static cx_err wait_for(struct cli *cli, json_t **request)
{
    int64_t end_us = cx_monotonic_us() + REQUEST_WAIT_MAX_S * CX_US_PER_S;
    struct cx_str path;
    CX_TRY(arena_printf(&cli->arena, &path, "/v1/requests/%s", text_of(*request, "id")));
    if (undecided(*request))
        fprintf(stderr, "certinext: request %s is %s; waiting (it goes on without this command)\n",
                text_of(*request, "id"), text_of(*request, "state"));
    for (unsigned pause_s = 1; undecided(*request); pause_s += pause_s < 5) {
        if (cx_monotonic_us() > end_us)
            return cx_refuse(&cli->diag, CX_ERR(BUSY), "", "", "Request %s is still undecided.",
                             text_of(*request, "id"));
        sleep(pause_s);
        json_t *next = NULL;
        CX_TRY(operation_call(cli, &api_operations[API_OP_REQUEST_GET], path, NULL, &next));
        json_decref(*request);
        *request = next;
    }
    if (strcmp(text_of(*request, "state"), "done") == 0)
        return CX_OK;
    return cx_refuse(&cli->diag, CX_ERR(POLICY), "", text_of(*request, "failure_rule"),
                     "Request %s is %s. %s", text_of(*request, "id"), text_of(*request, "state"),
                     text_of(*request, "failure"));
}

static cx_err fetch(struct cli *cli, const json_t *request, struct cx_str file)
{
    struct cli_context context;
    struct http_answer answer;
    char name[OS_PATH_MAX];
    struct http_call call = {.method = "GET"};
    CX_TRY(os_path(name, "%.*s", CX_STR_ARG(file)));
    CX_TRY(arena_printf(&cli->arena, &call.path, "/v1/certificates/%s/download?format=chain",
                        text_of(request, "certificate_id")));
    CX_TRY(operation_context(cli, &context));
    CX_TRY(http_send(cli, &context, &call, &answer));
    CX_TRY(http_problem(cli, &answer));
    cx_err err = os_file_create(name, answer.body, 0644);
    return cx_failed(err) ? cx_refuse(&cli->diag, err, "out", "",
                                      "%s exists already or cannot be written.", name)
                          : CX_OK;
}

static cx_err refuse_existing(struct cli *cli)
{
    struct cx_str file;
    if (cli_get(cli, "out", &file) && os_file_exists(file.ptr))
        return cx_refuse(&cli->diag, CX_ERR(CONFLICT), "out", "",
                         "%s exists already; it is not overwritten.", file.ptr);
    return CX_OK;
}

static cx_err add_new_key(struct cli *cli, json_t *body)
{
    struct cx_str path, type = CX_STR("p256"), csr;
    if (!cli_get(cli, "new-key", &path))
        return CX_OK;
    if (json_object_get(body, "csr") || json_object_get(body, "server_key"))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "new-key", "",
                         "Give one of --new-key, --csr and --server-key.");
    (void)cli_get(cli, "key-type", &type);
    CX_TRY(newkey_make(cli, path, type, &csr));
    return json_object_set_new(body, "csr", json_stringn(csr.ptr, csr.len)) == 0 ? CX_OK
                                                                                 : CX_ERR(NOMEM);
}

static cx_err create_run(struct cli *cli, const struct cli_command *command)
{
    const struct api_operation *operation = &api_operations[API_OP_REQUEST_CREATE];
    json_auto_t *body = NULL, *request = NULL;
    struct cx_str path, file;
    (void)command;
    CX_TRY(refuse_existing(cli));
    CX_TRY(operation_path(cli, operation, &path));
    CX_TRY(operation_body(cli, operation, &body));
    CX_TRY(add_new_key(cli, body));
    CX_TRY(operation_call(cli, operation, path, body, &request));
    if (cli_has(cli, "wait") || cli_has(cli, "out"))
        CX_TRY(wait_for(cli, &request));
    if (cli_get(cli, "out", &file))
        CX_TRY(fetch(cli, request, file));
    return output_document(cli, request, NULL, 0);
}

static cx_err write_pkcs12(struct cli *cli, const json_t *answer)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf content = CX_BUF_INIT(CLI_FILE_MAX);
    struct cx_str file = CX_STR_NONE;
    char name[OS_PATH_MAX];
    (void)cli_get(cli, "out", &file);
    CX_TRY(os_path(name, "%.*s", CX_STR_ARG(file)));
    if (cx_failed(base64_decode(cx_str_from(text_of(answer, "pkcs12")), &content)))
        return cx_refuse(&cli->diag, CX_ERR(PARSE), "pkcs12", "",
                         "The server's answer is not base64.");
    cx_err err = os_file_create(name, cx_buf_view(&content), 0600);
    if (cx_failed(err))
        return cx_refuse(&cli->diag, err, "out", "",
                         "%s cannot be written; the PKCS#12 follows on standard output.", name);
    return CX_OK;
}

static cx_err collect_run(struct cli *cli, const struct cli_command *command)
{
    const struct api_operation *operation = &api_operations[API_OP_REQUEST_COLLECT];
    json_auto_t *body = NULL, *answer = NULL;
    struct cx_str path;
    (void)command;
    CX_TRY(refuse_existing(
        cli)); /* the server gives the key once: nothing may fail for a reason known before */
    CX_TRY(operation_path(cli, operation, &path));
    CX_TRY(operation_body(cli, operation, &body));
    CX_TRY(operation_call(cli, operation, path, body, &answer));
    cx_err err = write_pkcs12(cli, answer);
    if (cx_is_ok(err))
        json_object_del(answer, "pkcs12");
    CX_TRY(output_document(cli, answer, NULL, 0));
    return err;
}

cx_err request_create_command(struct arena *arena, size_t index, struct cli_command *ret_command)
{
    CX_TRY(operation_command(arena, index, create_extra,
                             sizeof(create_extra) / sizeof(create_extra[0]), ret_command));
    ret_command->run = create_run;
    return CX_OK;
}

cx_err request_collect_command(struct arena *arena, size_t index, struct cli_command *ret_command)
{
    CX_TRY(operation_command(arena, index, collect_extra,
                             sizeof(collect_extra) / sizeof(collect_extra[0]), ret_command));
    ret_command->run = collect_run;
    return CX_OK;
}
