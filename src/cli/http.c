#include "cli/http.h"

#include "base/cleanup.h"
#include "codec/http.h"
#include "codec/json.h"
#include "codec/pem.h"
#include "crypto/hash.h"

#include <curl/curl.h>

CX_DEFINE_CLEANUP_PTR(CURL, curl_easy_cleanup)
CX_DEFINE_CLEANUP_PTR(struct curl_slist, curl_slist_free_all)

enum { REASON_HEADER_MAX = 16 * 1024 };

struct transfer {
    CURL *curl;
    struct cx_buf body;
    FILE *out; /* successful answers go here; NULL: into body */
    cx_err err;
};

static size_t take_data(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    long status = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->out && status >= 200 && status < 300)
        return fwrite(data, 1, size * count, transfer->out);
    transfer->err = cx_buf_add(&transfer->body, CX_BYTES(data, size * count));
    return cx_is_ok(transfer->err) ? size * count : 0;
}

/* core/api/reason.h */
static cx_err add_reason(struct cli *cli, struct curl_slist **list)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf encoded = CX_BUF_INIT(REASON_HEADER_MAX);
    struct cx_str line;
    if (cli->because.len == 0)
        return CX_OK;
    CX_TRY(http_percent_encode(cli->because, &encoded));
    CX_TRY(arena_printf(&cli->arena, &line, "X-Reason: %.*s", (int)encoded.len,
                        (const char *)encoded.ptr));
    struct curl_slist *longer = curl_slist_append(*list, line.ptr);
    if (!longer)
        return CX_ERR(NOMEM);
    *list = longer;
    return CX_OK;
}

static cx_err set_headers(const struct cli_context *context, const struct http_call *call,
                          struct arena *arena, struct curl_slist **list)
{
    struct cx_str line;
    struct curl_slist *longer = NULL;
    if (context->token.len) {
        CX_TRY(
            arena_printf(arena, &line, "Authorization: Bearer %.*s", CX_STR_ARG(context->token)));
        if (!(longer = curl_slist_append(*list, line.ptr)))
            return CX_ERR(NOMEM);
        *list = longer;
    }
    CX_TRY(arena_printf(arena, &line, "Content-Type:%s%s", call->content_type ? " " : "",
                        call->content_type ? call->content_type : ""));
    if (!(longer = curl_slist_append(*list, line.ptr)))
        return CX_ERR(NOMEM);
    *list = longer;
    if (!(longer = curl_slist_append(*list, "Expect:")))
        return CX_ERR(NOMEM);
    *list = longer;
    return CX_OK;
}

static void set_certificate(const struct cli_context *context, CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_SSLCERT, context->client_cert.ptr);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, context->client_key.ptr);
}

static cx_err set_target(struct cli *cli, const struct cli_context *context,
                         const struct http_call *call, CURL *curl)
{
    struct cx_str path = call->path, base = call->certified ? context->client_url : context->url;
    struct cx_str url, socket_path, folder = cli->local;
    if (folder.len == 0 && cx_str_starts(context->url, CX_STR("unix:")))
        folder = (struct cx_str){context->url.ptr + 5, context->url.len - 5};
    if (folder.len) {
        CX_TRY(arena_printf(&cli->arena, &socket_path, "%.*s/run/local.sock", CX_STR_ARG(folder)));
        CX_TRY(arena_printf(&cli->arena, &url, "http://localhost%.*s", CX_STR_ARG(path)));
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path.ptr);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    } else {
        struct curl_blob ca = {(void *)(uintptr_t)context->ca.ptr, context->ca.len, CURL_BLOB_COPY};
        CX_TRY(arena_printf(&cli->arena, &url, "%.*s%.*s", CX_STR_ARG(base), CX_STR_ARG(path)));
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* the system's roots have no say */
        curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
        if (call->certified)
            set_certificate(context, curl);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url.ptr);
    return CX_OK;
}

static void set_common(CURL *curl, struct transfer *transfer)
{
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HTTP_TOTAL_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* a token is not given to a proxy by accident */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "certinext");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
}

static void set_method(CURL *curl, const struct http_call *call)
{
    if (strcmp(call->method, "GET") == 0)
        return;
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? (const char *)call->body.ptr : "");
}

static cx_err refuse_transfer(struct cli *cli, const struct cli_context *context, CURLcode code,
                              const char *text)
{
    struct cx_str where = cli->local.len ? cli->local : context->url;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return cx_refuse(&cli->diag, CX_ERR(IO), "", "server-not-trusted",
                         "%.*s does not show a certificate of the context's root: %s",
                         CX_STR_ARG(where), text);
    return cx_refuse(&cli->diag, CX_ERR(IO), "", "server-not-reached", "%.*s: %s",
                     CX_STR_ARG(where), text[0] ? text : curl_easy_strerror(code));
}

static cx_err perform(struct cli *cli, const struct cli_context *context, struct transfer *transfer,
                      struct http_answer *answer)
{
    char text[CURL_ERROR_SIZE] = "";
    const char *type = NULL;
    curl_easy_setopt(transfer->curl, CURLOPT_ERRORBUFFER, text);
    CURLcode code = curl_easy_perform(transfer->curl);
    if (cx_failed(transfer->err))
        return cx_refuse(&cli->diag, transfer->err, "", "", "The answer is too large.");
    if (code != CURLE_OK)
        return refuse_transfer(cli, context, code, text);
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_TYPE, &type);
    CX_TRY(arena_copy_str(&cli->arena, cx_str_from(type ? type : ""), &answer->content_type));
    return arena_copy(&cli->arena, cx_buf_view(&transfer->body), &answer->body);
}

cx_err http_send(struct cli *cli, const struct cli_context *context, const struct http_call *call,
                 struct http_answer *ret_answer)
{
    CX_CLEANUP(curl_easy_cleanupp) CURL *curl = curl_easy_init();
    CX_CLEANUP(curl_slist_free_allp) struct curl_slist *headers = NULL;
    struct transfer transfer = {
        .curl = curl, .body = CX_BUF_INIT(HTTP_ANSWER_MAX), .out = call->out, .err = CX_OK};
    struct http_answer answer = {0};
    if (!curl)
        return CX_ERR(NOMEM);
    CX_TRY(set_target(cli, context, call, curl));
    CX_TRY(set_headers(context, call, &cli->arena, &headers));
    CX_TRY(add_reason(cli, &headers));
    set_common(curl, &transfer);
    set_method(curl, call);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    cx_err err = perform(cli, context, &transfer, &answer);
    cx_buf_clear(&transfer.body);
    CX_TRY(err);
    *ret_answer = answer;
    return CX_OK;
}

static cx_err category_of(const char *type, long status)
{
    static const char prefix[] = "urn:certinext:problem:";
    for (int code = 1; type && strncmp(type, prefix, sizeof(prefix) - 1) == 0 && code < CX_E_COUNT;
         code++)
        if (strcmp(type + sizeof(prefix) - 1, cx_err_name((cx_err){(enum cx_category)code})) == 0)
            return (cx_err){(enum cx_category)code};
    /* Not from core: the gate's own limits, or something in between. */
    if (status == 401)
        return CX_ERR(AUTH);
    if (status == 403)
        return CX_ERR(DENIED);
    if (status == 404)
        return CX_ERR(NOTFOUND);
    if (status == 413 || status == 431)
        return CX_ERR(LIMIT);
    if (status == 429 || status >= 500)
        return CX_ERR(BUSY);
    return CX_ERR(PARSE);
}

cx_err http_problem(struct cli *cli, const struct http_answer *answer)
{
    json_auto_t *root = NULL;
    if (answer->status >= 200 && answer->status < 300)
        return CX_OK;
    if (cx_failed(json_parse(answer->body, HTTP_ANSWER_MAX, NULL, &root)))
        return cx_refuse(&cli->diag, category_of(NULL, answer->status), "", "",
                         "The server answered %ld.", answer->status);
    const char *type = json_string_value(json_object_get(root, "type"));
    const char *detail = json_string_value(json_object_get(root, "detail"));
    const char *field = json_string_value(json_object_get(root, "field"));
    const char *rule = json_string_value(json_object_get(root, "rule"));
    return cx_refuse(&cli->diag, category_of(type, answer->status), field ? field : "",
                     rule ? rule : "", "%s", detail ? detail : "The server refused.");
}

static size_t drop_data(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

static cx_err find_pinned(struct cli *cli, const struct curl_slist *fields, struct cx_bytes pin,
                          struct cx_str *ret_pem)
{
    static const struct pem_limits limits = {
        .text_max = 65536, .blocks_max = 1, .label = "CERTIFICATE"};
    static const char lead[] = "Cert:";
    for (; fields; fields = fields->next) {
        struct pem_block *blocks = NULL;
        size_t count = 0;
        uint8_t digest[CRYPTO_SHA256_LEN];
        if (strncmp(fields->data, lead, sizeof(lead) - 1) != 0)
            continue;
        struct cx_str pem = cx_str_from(fields->data + sizeof(lead) - 1);
        if (cx_failed(pem_parse(&cli->arena, cx_str_bytes(pem), &limits, NULL, &blocks, &count)))
            continue;
        CX_TRY(crypto_sha256(blocks[0].der, digest));
        if (cx_bytes_eq(CX_BYTES(digest, sizeof(digest)), pin))
            return arena_copy_str(&cli->arena, pem, ret_pem);
    }
    return CX_ERR(NOTFOUND);
}

cx_err http_pinned_root(struct cli *cli, struct cx_str url, struct cx_bytes pin,
                        struct cx_str *ret_pem)
{
    CX_CLEANUP(curl_easy_cleanupp) CURL *curl = curl_easy_init();
    struct curl_certinfo *shown = NULL;
    struct cx_str target;
    if (!curl)
        return CX_ERR(NOMEM);
    CX_TRY(arena_printf(&cli->arena, &target, "%.*s/healthz", CX_STR_ARG(url)));
    struct transfer transfer = {.curl = curl, .err = CX_OK};
    set_common(curl, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_data);
    curl_easy_setopt(curl, CURLOPT_URL, target.ptr);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    /* Only to see the chain. What is trusted is the certificate with the pinned digest, and the call that carries a
     * secret is verified against it. */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return cx_refuse(&cli->diag, CX_ERR(IO), "", "server-not-reached", "%.*s: %s",
                         CX_STR_ARG(url), curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &shown);
    for (int i = 0; shown && i < shown->num_of_certs; i++)
        if (cx_is_ok(find_pinned(cli, shown->certinfo[i], pin, ret_pem)))
            return CX_OK;
    return cx_refuse(&cli->diag, CX_ERR(NOTFOUND), "", "server-not-trusted",
                     "%.*s does not show the pinned root; give it with --ca-file.",
                     CX_STR_ARG(url));
}
