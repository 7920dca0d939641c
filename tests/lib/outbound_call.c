/*
 * The outbound process without the rest of the platform: starts the real role in its real sandbox and passes
 * requests to it through core's client stub. For tests/integration/test_validation.py.
 *
 *   outbound_call NAME=VALUE…      options of the configuration (src/supervisor/config.h)
 *   stdin:   one JSON object a line: id, op ("validate", "caa", "fetch", "ping") and the request's members
 *   stdout:  one JSON object a line, as answers come: id, error, field, rule, and the verdict
 */
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "ipc/frame.h"
#include "outbound/client.h"
#include "outbound/outbound.h"
#include "supervisor/config.h"
#include "outbound/perspective.h"

#include <jansson.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { ANSWER_MAX = 65536, ARENA_MAX = 65536 };

static struct outbound_client *client;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static struct cx_str text_of(const json_t *request, const char *key)
{
    const char *text = json_string_value(json_object_get(request, key));
    return text != NULL ? cx_str_from(text) : CX_STR("");
}

static uint32_t number_of(const json_t *request, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(request, key));
}

static struct cx_id source_of(const json_t *request)
{
    return (struct cx_id){{(uint8_t)number_of(request, "source")}};
}

static cx_err validate(const json_t *request, struct arena *arena, struct cx_diag *diag,
                       struct outbound_verdict *ret_verdict)
{
    static const char *const kinds[] = {"http-01", "dns-01", "dns-account-01", "tls-alpn-01"};
    struct outbound_validation validation = {.source_id = source_of(request),
                                             .name = text_of(request, "name"),
                                             .is_ip = json_is_true(json_object_get(request, "ip")),
                                             .token = text_of(request, "token"),
                                             .key_authorization =
                                                 text_of(request, "key_authorization"),
                                             .account_url = text_of(request, "account_url"),
                                             .timeout_ms = number_of(request, "timeout_ms")};
    while (validation.kind < OUTBOUND_TLS_ALPN_01 &&
           !cx_str_is(text_of(request, "kind"), kinds[validation.kind]))
        validation.kind++;
    return outbound_validate(client, &validation, arena, diag, ret_verdict);
}

static cx_err check_caa(const json_t *request, struct arena *arena, struct cx_diag *diag,
                        struct outbound_verdict *ret_verdict)
{
    struct cx_str issuers[OUTBOUND_ISSUERS_MAX];
    const json_t *list = json_object_get(request, "issuers");
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < OUTBOUND_ISSUERS_MAX; i++)
        issuers[i] = cx_str_from(json_string_value(json_array_get(list, i)));
    const struct outbound_caa caa = {.source_id = source_of(request),
                                     .name = text_of(request, "name"),
                                     .wildcard = json_is_true(json_object_get(request, "wildcard")),
                                     .issuers = issuers,
                                     .issuer_count = count,
                                     .account_uri = text_of(request, "account_uri"),
                                     .method = text_of(request, "method"),
                                     .timeout_ms = number_of(request, "timeout_ms")};
    return outbound_check_caa(client, &caa, arena, diag, ret_verdict);
}

static cx_err write_verdict(struct json_writer *json, const struct outbound_verdict *verdict)
{
    CX_TRY(json_write_text(json, "problem", outbound_problem_name(verdict->problem)));
    CX_TRY(json_write_str(json, "text", verdict->text));
    CX_TRY(json_begin_array(json, "observations"));
    for (size_t i = 0; i < verdict->observation_count; i++) {
        const struct outbound_observation *seen = &verdict->observations[i];
        CX_TRY(json_begin_object(json, NULL));
        CX_TRY(json_write_str(json, "perspective", seen->perspective));
        CX_TRY(json_write_text(json, "problem", outbound_problem_name(seen->problem)));
        CX_TRY(json_write_str(json, "text", seen->text));
        CX_TRY(json_write_str(json, "addresses", seen->addresses));
        CX_TRY(json_write_bool(json, "secure", seen->secure));
        CX_TRY(json_write_i64(json, "elapsed_ms", seen->elapsed_ms));
        CX_TRY(json_end(json));
    }
    return json_end(json);
}

static cx_err answer(const json_t *request, struct cx_buf *out)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct outbound_verdict verdict = {.problem = OUTBOUND_VALID};
    struct json_writer json = json_writer(out);
    struct cx_str op = text_of(request, "op");
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(OUTBOUND_BODY_MAX);
    uint16_t status = 0;
    bool judged = cx_str_is(op, "validate") || cx_str_is(op, "caa");
    cx_err err = CX_OK;
    if (cx_str_is(op, "validate"))
        err = validate(request, &arena, &diag, &verdict);
    else if (cx_str_is(op, "caa"))
        err = check_caa(request, &arena, &diag, &verdict);
    else if (cx_str_is(op, "fetch"))
        err = outbound_fetch(client, text_of(request, "url"), 65536,
                             number_of(request, "timeout_ms"), &diag, &status, &body);
    else
        err = outbound_ping(client);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "id", number_of(request, "id")));
    CX_TRY(json_write_text(&json, "error", cx_err_name(err)));
    CX_TRY(json_write_text(&json, "field", diag.field));
    CX_TRY(json_write_text(&json, "rule", diag.rule));
    if (judged && cx_is_ok(err))
        CX_TRY(write_verdict(&json, &verdict));
    return json_end(&json);
}

static void *answer_in_thread(void *arg)
{
    json_t *request = arg;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ANSWER_MAX);
    cx_err err = answer(request, &out);
    pthread_mutex_lock(&output);
    if (cx_is_ok(err) && fwrite(out.ptr, 1, out.len, stdout) == out.len)
        fputc('\n', stdout);
    fflush(stdout);
    pthread_mutex_unlock(&output);
    json_decref(request);
    return NULL;
}

/* Runs the role in a child that is this process's copy, with its fixed descriptors. */
static pid_t start_role(const struct config *config, const int control[static 2],
                        const int work[static 2])
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    close(control[0]); /* or it would never see that we are gone */
    close(work[0]);
    struct perspective_plans plans = {.count = 0};
    const struct role_start start = {
        .kind = ROLE_OUTBOUND,
        .data_dir = CX_STR("/nonexistent"),
        .control_fd = control[1],
        .keys_fd = -1,
        .outbound_fd = work[1],
        .outbound_allow_private = config->outbound_allow_private,
        .outbound_binds =
            cx_is_ok(perspective_parse(config->validation_perspectives, NULL, &plans)) &&
            perspective_needs_bind(&plans),
        .outbound_allow_networks = config->outbound_allow_networks,
        .validation_perspectives = config->validation_perspectives,
        .validation_quorum = (unsigned)config->validation_quorum,
        .validation_http_port = (uint16_t)config->validation_http_port,
        .validation_https_port = (uint16_t)config->validation_https_port,
        .validation_tls_port = (uint16_t)config->validation_tls_port,
        .dns_trust_anchor = config->dns_trust_anchor,
        .dns_insecure_zones = config->dns_insecure_zones,
    };
    _exit(outbound_main(&start));
}

static cx_err read_options(int argc, char **argv, struct arena *arena, struct cx_diag *diag,
                           struct config *ret_config)
{
    struct config config;
    CX_TRY(config_default(CX_STR("/nonexistent"), arena, &config));
    for (int i = 1; i < argc; i++) {
        struct cx_str option = cx_str_from(argv[i]);
        const char *equals = memchr(option.ptr, '=', option.len);
        if (equals == NULL)
            return CX_ERR(USAGE);
        size_t len = (size_t)(equals - option.ptr);
        CX_TRY(config_set(&config, (struct cx_str){option.ptr, len},
                          (struct cx_str){equals + 1, option.len - len - 1}, arena, diag));
    }
    CX_TRY(config_finish(&config, CX_STR("/nonexistent"), arena, diag));
    *ret_config = config;
    return CX_OK;
}

static cx_err wait_ready(int control_fd)
{
    const struct ipc_rules rules = {IPC_ROLE_TO_SUPERVISOR, IPC_STATE_SERVING};
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    CX_TRY(ipc_frame_read(control_fd, &rules, 10 * CX_US_PER_S, &frame));
    return frame.message->number == IPC_CONTROL_READY ? CX_OK : CX_ERR(PARSE);
}

static void serve_lines(void)
{
    pthread_t threads[1024];
    size_t count = 0, cap = 0;
    CX_AUTO_FREE char *line = NULL;
    while (count < sizeof(threads) / sizeof(threads[0]) && getline(&line, &cap, stdin) > 0) {
        json_t *request = json_loads(line, 0, NULL);
        if (request == NULL ||
            pthread_create(&threads[count], NULL, answer_in_thread, request) != 0)
            break;
        count++;
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    struct cx_diag diag = CX_DIAG_INIT;
    struct config config;
    int control[2], work[2];
    if (cx_failed(read_options(argc, argv, &arena, &diag, &config))) {
        fprintf(stderr, "%s: %s\n", diag.field, diag.text);
        return 64;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, work) < 0)
        return 71;
    pid_t pid = start_role(&config, control, work);
    close(control[1]);
    close(work[1]);
    if (pid < 0 || cx_failed(wait_ready(control[0])) ||
        cx_failed(outbound_client_new(work[0], &client)))
        return 1;
    serve_lines();
    outbound_client_free(client);
    int status = 0;
    if (cx_failed(ipc_frame_write(control[0], IPC_CONTROL_SHUTDOWN, 0, CX_BYTES_NONE, -1)))
        return 1;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
