#include "outbound/outbound.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "ipc/server.h"
#include "os/file.h"
#include "outbound/fetch.h"
#include "outbound/mail.h"
#include "outbound/mailbox_handler.h"
#include "outbound/message.h"
#include "outbound/validate_handlers.h"

/* Validations take at most VALIDATIONS_MAX workers; the rest is for fetches and the health check. */
enum { WORKERS = 64, QUEUE_MAX = 256, ANCHOR_MAX = 65536, HOOK_ANSWER_MAX = 65536 };
_Static_assert((int)VALIDATIONS_MAX < (int)WORKERS, "validation must leave workers free");

/* data.iana.org/root-anchors: the key-signing keys of 2017 and 2024. */
static const char root_anchor[] =
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n";

static cx_err on_ping(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    (void)arg;
    (void)reply;
    struct ipc_outbound_ping ping;
    return ipc_outbound_ping_parse(request->payload, request->arena, &ping);
}

static cx_err run_fetch(const struct fetch *fetch, struct ipc_reply *reply)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(fetch->body_max);
    uint16_t status = 0;
    CX_TRY(fetch_run(fetch, &reply->diag, &status, &body));
    const struct ipc_outbound_fetched fetched = {status, cx_buf_view(&body)};
    reply->number = IPC_OUTBOUND_FETCHED;
    return ipc_outbound_fetched_write(&reply->body, &fetched);
}

static cx_err on_fetch(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_fetch message = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_fetch_parse(request->payload, request->arena, &message));
    const struct fetch fetch = {.url = message.url,
                                .body_max = message.body_max,
                                .timeout_ms = message.timeout_ms,
                                .policy = &validator->set.policy};
    return run_fetch(&fetch, reply);
}

static cx_err on_exchange(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_exchange message = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_exchange_parse(request->payload, request->arena, &message));
    const struct fetch fetch = {.url = message.url,
                                .body_max = message.body_max,
                                .timeout_ms = message.timeout_ms,
                                .policy = &validator->set.policy,
                                .secure = true,
                                .post = message.post,
                                .form = message.form,
                                .authorization = message.authorization,
                                .ca_pem = message.ca_pem};
    return run_fetch(&fetch, reply);
}

static cx_err on_hook(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_hook message = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_hook_parse(request->payload, request->arena, &message));
    const struct fetch fetch = {.url = message.url,
                                .body_max = HOOK_ANSWER_MAX,
                                .timeout_ms = message.timeout_ms,
                                .policy = &validator->set.policy,
                                .secure = true,
                                .post = true,
                                .json = true,
                                .form = message.body,
                                .signature = message.signature,
                                .ca_pem = message.ca_pem};
    return run_fetch(&fetch, reply);
}

static cx_err on_tracker(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_tracker message = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_tracker_parse(request->payload, request->arena, &message));
    const struct fetch fetch = {.url = message.url,
                                .body_max = OUTBOUND_BODY_MAX,
                                .timeout_ms = message.timeout_ms,
                                .policy = &validator->set.policy,
                                .secure = true,
                                .post = message.method != OUTBOUND_TRACKER_GET,
                                .put = message.method == OUTBOUND_TRACKER_PUT,
                                .json = true,
                                .form = message.body,
                                .tracker_key = message.api_key,
                                .ca_pem = message.ca_pem};
    return run_fetch(&fetch, reply);
}

static cx_err on_mail(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    const struct validator *validator = arg;
    struct ipc_outbound_mail message = {.letters = NULL};
    struct outbound_letter letters[OUTBOUND_LETTERS_MAX];
    struct outbound_letter_result results[OUTBOUND_LETTERS_MAX];
    struct ipc_outbound_letter_result answers[OUTBOUND_LETTERS_MAX];
    CX_TRY(ipc_outbound_mail_parse(request->payload, request->arena, &message));
    size_t count = message.letters_count;
    for (size_t i = 0; i < count; i++)
        letters[i] = (struct outbound_letter){
            message.letters[i].letter_id, message.letters[i].address, message.letters[i].message};
    CX_TRY(mail_send(validator->mail, letters, count, message.timeout_ms, results));
    for (size_t i = 0; i < count; i++)
        answers[i] = (struct ipc_outbound_letter_result){
            (uint8_t)results[i].outcome, results[i].code, cx_str_from(results[i].reply)};
    const struct ipc_outbound_mailed mailed = {answers, count};
    reply->number = IPC_OUTBOUND_MAILED;
    return ipc_outbound_mailed_write(&reply->body, &mailed);
}

static const struct ipc_route routes[] = {
    {IPC_OUTBOUND_PING, on_ping},
    {IPC_OUTBOUND_FETCH, on_fetch},
    {IPC_OUTBOUND_EXCHANGE, on_exchange},
    {IPC_OUTBOUND_HOOK, on_hook},
    {IPC_OUTBOUND_TRACKER, on_tracker},
    {IPC_OUTBOUND_MAIL, on_mail},
    {IPC_OUTBOUND_MAILBOX, on_outbound_mailbox},
    {IPC_OUTBOUND_VALIDATE, on_outbound_validate},
    {IPC_OUTBOUND_CHECK_CAA, on_outbound_check_caa},
};

static void on_channel(void *arg, enum role_kind peer, int fd)
{
    CX_AUTO_CLOSE int owned = fd;
    if (peer == ROLE_CORE)
        ipc_server_replace(arg, CX_TAKE_FD(owned));
}

/* Before the sandbox, in which there is no such file. */
static cx_err read_anchor(struct cx_str option, struct cx_diag *diag, struct cx_buf *out)
{
    char path[OS_PATH_MAX];
    if (cx_str_is(option, "none"))
        return CX_OK;
    if (cx_str_is(option, "root"))
        return cx_buf_add_str(out, cx_str_from(root_anchor));
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(option)));
    cx_err err = os_file_read(path, ANCHOR_MAX, out);
    return cx_is_ok(err)
               ? CX_OK
               : cx_refuse(diag, err, "dns_trust_anchor", "read", "%s cannot be read", path);
}

static cx_err serve(const struct role_start *start, const struct sandbox_report *report,
                    struct validator *validator, bool *ret_ready)
{
    const struct ipc_server_options options = {.fd = start->outbound_fd,
                                               .direction = IPC_CORE_TO_OUTBOUND,
                                               .routes = routes,
                                               .route_count = sizeof(routes) / sizeof(routes[0]),
                                               .arg = validator,
                                               .state = IPC_STATE_SERVING,
                                               .worker_count = WORKERS,
                                               .queue_max = QUEUE_MAX};
    struct ipc_server *server = NULL;
    CX_TRY(ipc_server_new(&options, &server));
    cx_err err = role_ready(start, report);
    if (cx_is_ok(err)) {
        *ret_ready = true;
        const struct role_handlers handlers = {on_channel, server};
        err = role_loop(start, &handlers);
    }
    ipc_server_free(server);
    return err;
}

static cx_err run(const struct role_start *start, struct validator *validator, struct cx_diag *diag,
                  bool *ret_ready)
{
    struct sandbox_report report = {.layers = ""};
    struct perspective_plans plans;
    CX_CLEANUP(cx_buf_clear) struct cx_buf anchor = CX_BUF_INIT(ANCHOR_MAX);
    CX_TRY(perspective_parse(start->validation_perspectives, diag, &plans));
    CX_TRY(address_policy_parse(start->outbound_allow_networks, start->outbound_allow_private, diag,
                                &validator->set.policy));
    CX_TRY(read_anchor(start->dns_trust_anchor, diag, &anchor));
    const struct mail_options mail = {.url = start->smtp_url,
                                      .plain = start->smtp_plain,
                                      .from = start->smtp_from,
                                      .user = start->smtp_user,
                                      .password_file = start->smtp_password_file,
                                      .ca_file = start->smtp_ca_file};
    CX_TRY(mail_relay_open(&mail, diag, validator->mail));
    CX_TRY(fetch_init());
    if (message_init() == 0)
        cx_log(CX_LOG_WARN, "mail is read in UTF-8 alone: iconv has no charsets", NULL);
    CX_TRY(role_enter(start, &report, diag));
    struct cx_str lines = CX_STR_NONE;
    if (cx_failed(cx_str_view(cx_buf_view(&anchor), &lines)))
        return cx_refuse(diag, CX_ERR(PARSE), "dns_trust_anchor", "text", "it is not text");
    const struct perspective_dns dns = {lines, start->dns_insecure_zones};
    CX_TRY(perspective_open(&plans, &dns, diag, &validator->set));
    return serve(start, &report, validator, ret_ready);
}

int outbound_main(const struct role_start *start)
{
    struct cx_diag diag = CX_DIAG_INIT;
    bool ready = false;
    static struct mail_relay relay; /* threads use it until the end */
    struct validator *validator = calloc(1, sizeof(*validator));
    if (validator == NULL)
        return 1;
    validator->mail = &relay;
    pthread_mutex_init(&validator->lock, NULL); /* default attributes do not fail on Linux */
    validator->set.quorum = start->validation_quorum;
    validator->set.http_port = start->validation_http_port;
    validator->set.https_port = start->validation_https_port;
    validator->set.tls_port = start->validation_tls_port;
    cx_err err = run(start, validator, &diag, &ready);
    perspective_close(&validator->set);
    mail_relay_close(&relay);
    pthread_mutex_destroy(&validator->lock);
    free(validator);
    if (cx_is_ok(err))
        return 0;
    cx_log_err(CX_LOG_ERROR, err, "outbound ends", "field", diag.field, "reason", diag.text, NULL);
    return ready ? 1 : ROLE_EXIT_REFUSED;
}
