/*
 * libmicrohttpd parses the message; everything that decides is in exchange.h. Paths and queries are taken
 * as sent (the library's own decoding is switched off), because the contract decodes each part once and
 * refuses what it does not know.
 */
#include "core/api/server.h"
#include "core/api/reason.h"

#include "core/api/identity.h"
#include "core/api/problem.h"

#include "base/log.h"
#include "os/socket.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    CONNECTION_MEMORY = 64 * 1024,
    THREAD_STACK = 512 * 1024,
    DRAIN_STEP_US = 10000,
    DRAINED_BODY_MAX = 1 << 20
};

struct api_server {
    struct api_server_options options;
    struct MHD_Daemon *daemon;
    atomic_uint calls; /* in progress */
};

/* One request of one connection; made when its first line is read, freed when its answer is sent. */
struct call {
    struct api_server *server;
    struct api_exchange exchange;
    struct cx_buf target;
    struct cx_buf body;
    struct cx_buf chunk; /* of a streamed answer */
    size_t chunk_taken;
    size_t received;
    int64_t started_us;
    bool begun, stream_done;
};

static const char refused_peer[] = "refused";

static struct cx_str header_of(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? cx_str_from(value) : CX_STR_NONE;
}

/* ---- answers ---- */

static ssize_t read_stream(void *cls, uint64_t at, char *out, size_t max)
{
    struct call *call = cls;
    const struct api_raw *raw = call->exchange.answer.raw;
    (void)at;
    while (call->chunk_taken == call->chunk.len) {
        if (call->stream_done)
            return MHD_CONTENT_READER_END_OF_STREAM;
        cx_buf_reset(&call->chunk);
        call->chunk_taken = 0;
        cx_err err = raw->next(raw->state, &call->chunk, &call->stream_done);
        if (cx_failed(err)) {
            cx_log_err(CX_LOG_ERROR, err, "stream cut", "operation",
                       call->exchange.request.operation->name, NULL);
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
    }
    size_t len = call->chunk.len - call->chunk_taken;
    if (len > max)
        len = max;
    memcpy(out, call->chunk.ptr + call->chunk_taken, len);
    call->chunk_taken += len;
    return (ssize_t)len;
}

static void add_header(struct MHD_Response *response, const char *name, struct cx_str value)
{
    char text[1100];
    if (value.len == 0 || value.len >= sizeof(text) || !http_field_value_valid(value))
        return;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    MHD_add_response_header(response, name,
                            text); /* fails for lack of memory only: the header is then missing */
}

static void add_raw_headers(struct MHD_Response *response, const struct api_raw *raw)
{
    char disposition[300];
    for (size_t i = 0; i < raw->header_count && i < API_HEADERS_MAX; i++)
        add_header(response, raw->headers[i].name, raw->headers[i].value);
    if (raw->filename.len == 0 || raw->filename.len > 200)
        return;
    snprintf(disposition, sizeof(disposition), "attachment; filename=\"%.*s\"",
             CX_STR_ARG(raw->filename));
    add_header(response, "Content-Disposition", cx_str_from(disposition));
}

static bool sets_cache_control(const struct api_raw *raw)
{
    for (size_t i = 0; raw && i < raw->header_count && i < API_HEADERS_MAX; i++)
        if (strcmp(raw->headers[i].name, "Cache-Control") == 0)
            return true;
    return false;
}

static void add_headers(struct MHD_Response *response, const struct api_exchange *exchange)
{
    const struct api_answer *answer = &exchange->answer;
    char call_id[CX_ID_TEXT_MAX], seconds[12];
    cx_id_format(CX_ID_CALL, exchange->request.request_id, call_id);
    add_header(response, "X-Request-Id", cx_str_from(call_id));
    add_header(response, "Content-Type", cx_str_from(answer->content_type));
    add_header(response, "Allow", answer->allow);
    for (size_t i = 0; i < exchange->request.set_cookie_count; i++)
        add_header(response, "Set-Cookie", exchange->request.set_cookies[i]);
    if (answer->raw)
        add_raw_headers(response, answer->raw);
    if (!sets_cache_control(answer->raw))
        add_header(response, "Cache-Control", CX_STR("no-store"));
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        add_header(response, "WWW-Authenticate", CX_STR("Bearer"));
    if (answer->retry_after_s) {
        snprintf(seconds, sizeof(seconds), "%u", answer->retry_after_s);
        add_header(response, "Retry-After", cx_str_from(seconds));
    }
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct call *call,
                                   bool close_after)
{
    const struct api_answer *answer = &call->exchange.answer;
    struct MHD_Response *response = NULL;
    if (answer->raw && answer->raw->next)
        response =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 * 1024, read_stream, call, NULL);
    else /* the exchange lives until the library reports that the answer is sent */
        response = MHD_create_response_from_buffer(
            answer->body.len, (void *)(uintptr_t)answer->body.ptr, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(response, &call->exchange);
    if (close_after)
        add_header(response, "Connection", CX_STR("close"));
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_refusal(struct MHD_Connection *connection, struct call *call,
                                    cx_err err, uint16_t status, const char *rule, const char *text)
{
    err = cx_refuse(&call->exchange.diag, err, "", rule, "%s", text);
    api_exchange_refuse(&call->exchange, err, status);
    return send_answer(connection, call, true);
}

/* ---- the head ---- */

static cx_err read_identity(struct call *call, struct MHD_Connection *connection,
                            struct api_head *head)
{
    struct cx_str address = header_of(connection, API_HEADER_ADDRESS);
    struct cx_str certificate = header_of(connection, API_HEADER_CLIENT_CERT);
    struct cx_diag *diag = &call->exchange.diag;
    if (!call->server->options.gate) {
        if (!MHD_lookup_connection_value(connection, MHD_HEADER_KIND, API_HEADER_ADDRESS) &&
            !MHD_lookup_connection_value(connection, MHD_HEADER_KIND, API_HEADER_CLIENT_CERT))
            return CX_OK;
        return cx_refuse(diag, CX_ERR(PARSE), API_HEADER_ADDRESS, "identity-header",
                         "Identity headers are accepted from the gate only.");
    }
    head->from_gate = true;
    CX_TRY(api_identity_address(address, diag, &head->source_address));
    return api_identity_certificate(certificate, &call->exchange.arena, diag,
                                    &head->client_certificate);
}

static struct api_head read_head(struct call *call, struct MHD_Connection *connection,
                                 const char *method)
{
    return (struct api_head){.method = cx_str_from(method),
                             .target = {(const char *)call->target.ptr, call->target.len},
                             .authorization = header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION),
                             .cookies = header_of(connection, MHD_HTTP_HEADER_COOKIE),
                             .origin = header_of(connection, MHD_HTTP_HEADER_ORIGIN),
                             .reason = header_of(connection, API_HEADER_REASON),
                             .signature = header_of(connection, "CertiNext-Signature"),
                             .content_type = header_of(connection, MHD_HTTP_HEADER_CONTENT_TYPE)};
}

static bool peer_refused(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info && info->socket_context == refused_peer;
}

/* An answer is on its way already. The gate, which has the whole body before it asks us, is heard out: closing a
 * socket with unread octets resets it, and its client would see 502. */
static enum MHD_Result answer_early(struct call *call, struct MHD_Connection *connection,
                                    int64_t length, bool asked)
{
    if (call->server->options.gate && !asked && length <= DRAINED_BODY_MAX)
        return MHD_YES; /* take_body drops what comes */
    return send_answer(connection, call, true);
}

/* Everything that can be said before the body. MHD_YES without an answer means: go on, read it. */
static enum MHD_Result begin(struct call *call, struct MHD_Connection *connection,
                             const char *method)
{
    struct api_exchange *exchange = &call->exchange;
    struct api_head head = read_head(call, connection, method);
    int64_t length = 0;
    api_exchange_init(exchange, call->server->options.core, call->server->options.table, &head);
    if (peer_refused(connection))
        return send_refusal(connection, call, CX_ERR(DENIED), 0, "peer",
                            "This user may not use the socket.");
    cx_err err = read_identity(call, connection, &head);
    if (cx_failed(err)) {
        api_exchange_refuse(exchange, err, 400);
        return send_answer(connection, call, true);
    }
    exchange->head = head;
    exchange->request.source_address = head.source_address;
    exchange->request.client_certificate = head.client_certificate;
    exchange->request.from_gate = head.from_gate;
    struct cx_str expect = header_of(connection, MHD_HTTP_HEADER_EXPECT);
    if (expect.len && !cx_str_is(expect, "100-continue"))
        return send_refusal(connection, call, CX_ERR(PARSE), 417, "expect",
                            "Only Expect: 100-continue is supported.");
    api_exchange_start(exchange);
    struct cx_str declared = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (declared.len && cx_failed(http_content_length(declared, INT32_MAX, &length)))
        return send_refusal(connection, call, CX_ERR(LIMIT), 413, "body-too-large",
                            "The body is too large.");
    if (length > (int64_t)api_exchange_body_max(exchange) && !exchange->answered) {
        err = cx_refuse(&exchange->diag, CX_ERR(LIMIT), "", "body-too-large",
                        "The body is larger than this operation accepts.");
        api_exchange_refuse(exchange, err, 413);
    }
    if (exchange->answered && length > 0)
        return answer_early(call, connection, length, expect.len > 0);
    call->body = CX_BUF_INIT(api_exchange_body_max(exchange));
    return MHD_YES;
}

/* ---- the body ---- */

static enum MHD_Result take_body(struct call *call, const char *data, size_t *len)
{
    struct api_exchange *exchange = &call->exchange;
    call->received += *len;
    if (call->received > DRAINED_BODY_MAX)
        return MHD_NO; /* no end in sight: cut the connection */
    if (cx_monotonic_us() - call->started_us > API_UPLOAD_S * CX_US_PER_S)
        return MHD_NO;
    if (!exchange->answered) {
        cx_err err = cx_buf_add(&call->body, CX_BYTES(data, *len));
        if (cx_failed(err)) {
            err = cx_refuse(&exchange->diag, err, "", "body-too-large",
                            "The body is larger than this operation accepts.");
            api_exchange_refuse(exchange, err, err.code == CX_E_LIMIT ? 413 : 0);
        }
    }
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **con_cls)
{
    struct call *call = *con_cls;
    (void)cls;
    (void)url;
    (void)version;
    if (!call)
        return MHD_NO; /* no memory when the request line came */
    if (!call->begun) {
        call->begun = true;
        return begin(call, connection, method);
    }
    if (*len > 0)
        return take_body(call, data, len);
    api_exchange_finish(&call->exchange, cx_buf_view(&call->body));
    return send_answer(connection, call, false);
}

/* ---- the library's other callbacks ---- */

static void call_free(struct call *call)
{
    if (!call)
        return;
    atomic_fetch_sub(&call->server->calls, 1);
    api_exchange_clear(&call->exchange);
    cx_buf_clear(&call->target);
    cx_buf_clear(&call->body);
    cx_buf_clear(&call->chunk);
    free(call);
}

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct api_server *server = cls;
    struct call *call = calloc(1, sizeof(*call));
    (void)connection;
    if (!call)
        return NULL;
    atomic_fetch_add(&server->calls, 1);
    call->server = server;
    call->started_us = cx_monotonic_us();
    call->target = CX_BUF_INIT(CONNECTION_MEMORY);
    call->chunk = CX_BUF_INIT(1024 * 1024);
    if (cx_failed(cx_buf_add(&call->target, CX_BYTES(uri, strlen(uri))))) {
        call_free(call);
        return NULL;
    }
    return call;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    call_free(*con_cls);
    *con_cls = NULL;
}

static bool peer_allowed(const struct api_server *server, int fd)
{
    struct os_peer peer;
    if (cx_failed(os_socket_peer(fd, &peer)))
        return false;
    for (size_t i = 0; i < server->options.peer_count; i++)
        if (server->options.peers[i] == peer.uid)
            return true;
    return false;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info || !peer_allowed(cls, info->connect_fd))
        *socket_context = (void *)(uintptr_t)refused_peer;
}

/* The contract decodes paths and queries itself, once. */
static size_t keep_encoded(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

cx_err api_server_start(const struct api_server_options *options, struct cx_diag *diag,
                        struct api_server **ret_server)
{
    struct api_server *server = calloc(1, sizeof(*server));
    if (!server)
        return CX_ERR(NOMEM);
    server->options = *options;
    unsigned connections =
        options->connection_max ? options->connection_max : API_CONNECTIONS_DEFAULT;
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, options->listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)API_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL, MHD_OPTION_END);
    if (!server->daemon) {
        free(server);
        return cx_refuse(diag, CX_ERR(IO), "", "http-start", "The HTTP server did not start.");
    }
    *ret_server = server;
    return CX_OK;
}

void api_server_stop(struct api_server *server)
{
    if (!server)
        return;
    int64_t deadline_us = cx_monotonic_us() + API_DRAIN_S * CX_US_PER_S;
    MHD_socket listening = MHD_quiesce_daemon(server->daemon);
    while (atomic_load(&server->calls) > 0 && cx_monotonic_us() < deadline_us)
        usleep(DRAIN_STEP_US);
    MHD_stop_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
    free(server);
}
