/* The address check sits in curl's opensocket callback: it sees each address that is about to be connected
 * to, after resolution, for the first request and for every redirect. */
#include "outbound/fetch.h"

#include "base/cleanup.h"
#include "codec/http.h"

#include <curl/curl.h>

enum {
    URL_MAX = 2048,
    AUTHORIZATION_MAX = 8192,
    HEADER_NAME_MAX = 32,
    REDIRECTS_MAX = 3,
    CONNECT_TIMEOUT_MS = 10000
};

struct transfer {
    const struct fetch *fetch;
    struct cx_buf *body;
    size_t received;
    bool address_refused;
    bool too_long;
    bool out_of_memory;
};

static void close_easy(CURL **easy)
{
    curl_easy_cleanup(*easy);
}

static void free_headers(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void close_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    (void)purpose;
    if (!address_policy_allows(transfer->fetch->policy, &address->addr, address->addrlen)) {
        transfer->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count; /* curl: size is always 1 */
    if (len > transfer->fetch->body_max - transfer->received) {
        transfer->too_long = true;
        return 0;
    }
    if (cx_failed(cx_buf_add(transfer->body, CX_BYTES(data, len)))) {
        transfer->out_of_memory = true;
        return 0;
    }
    transfer->received += len;
    return len;
}

static bool part_is_absent(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    CURLUcode rc = curl_url_get(url, part, &text, 0);
    curl_free(text);
    return rc != CURLUE_OK;
}

static cx_err check_url(const char *text, struct cx_diag *diag)
{
    CX_CLEANUP(close_url) CURLU *url = curl_url();
    if (url == NULL)
        return CX_ERR(NOMEM);
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return cx_refuse(diag, CX_ERR(PARSE), "url", "url", "this is not a URL");
    char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return CX_ERR(NOMEM);
    bool web = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    curl_free(scheme);
    if (!web)
        return cx_refuse(diag, CX_ERR(POLICY), "url", "outbound-scheme",
                         "only http and https are reached");
    if (!part_is_absent(url, CURLUPART_USER) || !part_is_absent(url, CURLUPART_PASSWORD))
        return cx_refuse(diag, CX_ERR(POLICY), "url", "outbound-credentials",
                         "a URL with a user name or password is not reached");
    return CX_OK;
}

static bool set_options(CURL *easy, const char *url, struct transfer *transfer)
{
    long timeout_ms = (long)transfer->fetch->timeout_ms;
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "certinext") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

/* Beyond a plain GET: what carries a credential goes to the named host over verified TLS, and nowhere else. */
static bool set_exchange(CURL *easy, const struct fetch *fetch, struct curl_slist *headers)
{
    struct curl_blob roots = {(void *)(uintptr_t)fetch->ca_pem.ptr, fetch->ca_pem.len,
                              CURL_BLOB_COPY};
    if (fetch->ca_pem.len && (curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &roots) != CURLE_OK ||
                              curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK))
        return false;
    if (headers && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        return false;
    if (fetch->post &&
        (curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)fetch->form.len) != CURLE_OK ||
         curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                          fetch->form.len ? fetch->form.ptr : (const uint8_t *)"") != CURLE_OK))
        return false;
    if (fetch->put && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT") != CURLE_OK)
        return false;
    return !fetch->secure ||
           (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
            curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK);
}

/* Nothing for an empty value. */
static cx_err add_header(const char *name, struct cx_str value, struct curl_slist **list)
{
    char text[HEADER_NAME_MAX + AUTHORIZATION_MAX + 3];
    if (value.len == 0)
        return CX_OK;
    if (value.len > AUTHORIZATION_MAX || !http_field_value_valid(value))
        return CX_ERR(PARSE);
    snprintf(text, sizeof(text), "%s: %.*s", name, CX_STR_ARG(value));
    struct curl_slist *longer = curl_slist_append(*list, text);
    cx_wipe(text, sizeof(text));
    if (!longer)
        return CX_ERR(NOMEM);
    *list = longer;
    return CX_OK;
}

static cx_err make_headers(const struct fetch *fetch, struct curl_slist **ret_headers)
{
    CX_TRY(add_header("Authorization", fetch->authorization, ret_headers));
    CX_TRY(add_header("CertiNext-Signature", fetch->signature, ret_headers));
    CX_TRY(add_header("X-BUGZILLA-API-KEY", fetch->tracker_key, ret_headers));
    return fetch->json ? add_header("Content-Type", CX_STR("application/json"), ret_headers)
                       : CX_OK;
}

static cx_err explain(CURLcode rc, const struct transfer *transfer, struct cx_diag *diag)
{
    if (transfer->address_refused)
        return cx_refuse(
            diag, CX_ERR(POLICY), "url", "outbound-address",
            "the URL leads to an address that is not public and not in outbound_allow_networks");
    if (transfer->too_long)
        return cx_refuse(diag, CX_ERR(LIMIT), "url", "outbound-size",
                         "the answer is larger than %zu octets", transfer->fetch->body_max);
    if (transfer->out_of_memory || rc == CURLE_OUT_OF_MEMORY)
        return CX_ERR(NOMEM);
    if (rc == CURLE_UNSUPPORTED_PROTOCOL)
        return cx_refuse(diag, CX_ERR(POLICY), "url", "outbound-scheme",
                         "a redirect leaves http and https, or the answer is not HTTP/1 or later");
    return cx_refuse(diag, CX_ERR(IO), "url", "outbound", "%s", curl_easy_strerror(rc));
}

cx_err fetch_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? CX_OK : CX_ERR(INTERNAL);
}

cx_err fetch_run(const struct fetch *fetch, struct cx_diag *diag, uint16_t *ret_status,
                 struct cx_buf *body)
{
    char url[URL_MAX + 1] = "";
    if (fetch->url.len > URL_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "url", "url", "the URL is too long");
    memcpy(url, fetch->url.ptr, fetch->url.len);
    CX_TRY(check_url(url, diag));
    if (fetch->secure && strncmp(url, "https://", 8) != 0)
        return cx_refuse(diag, CX_ERR(POLICY), "url", "outbound-scheme", "only https is reached");
    CX_CLEANUP(free_headers) struct curl_slist *headers = NULL;
    CX_TRY(make_headers(fetch, &headers));
    CX_CLEANUP(close_easy) CURL *easy = curl_easy_init();
    struct transfer transfer = {.fetch = fetch, .body = body};
    if (easy == NULL || !set_options(easy, url, &transfer) || !set_exchange(easy, fetch, headers))
        return CX_ERR(NOMEM);
    CURLcode rc = curl_easy_perform(easy);
    if (rc != CURLE_OK)
        return explain(rc, &transfer, diag);
    long status = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 100 ||
        status > 599)
        return cx_refuse(diag, CX_ERR(IO), "url", "outbound", "the answer has no valid status");
    *ret_status = (uint16_t)status;
    return CX_OK;
}
