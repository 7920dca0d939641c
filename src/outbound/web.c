/* curl speaks HTTP over the socket that it is given; it opens none, resolves nothing and follows nothing. */
#include "outbound/web.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <curl/curl.h>

struct transfer {
    int fd; /* ours until curl asks for it */
    struct web_answer *answer;
    size_t header_len;
};

static void close_easy(CURL **easy)
{
    curl_easy_cleanup(*easy);
}

static void free_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static curl_socket_t give_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    (void)purpose;
    (void)address;
    return transfer->fd < 0 ? CURL_SOCKET_BAD : CX_TAKE_FD(transfer->fd);
}

static int say_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg;
    (void)fd;
    (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static size_t count_header(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    (void)data;
    transfer->header_len += size * count;
    return transfer->header_len > WEB_HEADER_MAX ? 0 : size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct web_answer *answer = ((struct transfer *)arg)->answer;
    size_t len = size * count, room = WEB_BODY_MAX - answer->body_len;
    size_t kept = len < room ? len : room;
    memcpy(answer->body + answer->body_len, data, kept);
    answer->body_len += kept;
    answer->body_too_long = answer->body_too_long || kept < len;
    return kept; /* fewer than len ends the transfer */
}

static bool set_connection(CURL *easy, struct transfer *transfer, struct curl_slist *nowhere)
{
    return curl_easy_setopt(easy, CURLOPT_CONNECT_TO, nowhere) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, give_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, say_connected) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
}

static bool set_request(CURL *easy, const char *url, struct transfer *transfer, long timeout_ms)
{
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "certinext-validation") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

static cx_err explain(CURLcode rc, const struct transfer *transfer, struct cx_diag *diag)
{
    if (transfer->header_len > WEB_HEADER_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "answer", "headers",
                         "the headers are longer than %d octets", WEB_HEADER_MAX);
    switch (rc) {
    case CURLE_OUT_OF_MEMORY:
        return CX_ERR(NOMEM);
    case CURLE_OPERATION_TIMEDOUT:
        return cx_refuse(diag, CX_ERR(IO), "answer", "time", "no whole answer in time");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return cx_refuse(diag, CX_ERR(CRYPTO), "answer", "tls", "the TLS handshake failed");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return cx_refuse(diag, CX_ERR(IO), "answer", "http", "the answer is not HTTP/1");
    default:
        return cx_refuse(diag, CX_ERR(IO), "answer", "http", "%s", curl_easy_strerror(rc));
    }
}

static cx_err read_answer(CURL *easy, struct cx_diag *diag, struct web_answer *answer)
{
    struct curl_header *header = NULL;
    long status = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 ||
        status > 599)
        return cx_refuse(diag, CX_ERR(IO), "answer", "status", "the answer has no valid status");
    answer->status = (unsigned)status;
    if (curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return CX_OK;
    answer->location_count = header->amount;
    size_t len = strlen(header->value);
    if (len > WEB_PATH_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "answer", "location", "the redirect is too long");
    memcpy(answer->location, header->value, len + 1);
    return CX_OK;
}

cx_err web_get(int fd, const struct web_target *target, int64_t deadline_us, struct cx_diag *diag,
               struct web_answer *ret_answer)
{
    CX_AUTO_CLOSE int owned = fd;
    CX_CLEANUP(cx_buf_clear) struct cx_buf url = CX_BUF_INIT(4096);
    CX_TRY(web_target_format(target, &url));
    CX_TRY(cx_buf_terminate(&url));
    CX_CLEANUP(close_easy) CURL *easy = curl_easy_init();
    /* Whatever the URL names, the address is this literal, which nobody connects to. */
    CX_CLEANUP(free_list) struct curl_slist *nowhere = curl_slist_append(NULL, "::127.0.0.1:1");
    *ret_answer = (struct web_answer){.status = 0};
    struct transfer transfer = {.fd = owned, .answer = ret_answer};
    int64_t left_ms = (deadline_us - cx_monotonic_us()) / 1000;
    if (easy == NULL || nowhere == NULL || !set_connection(easy, &transfer, nowhere) ||
        !set_request(easy, (const char *)url.ptr, &transfer, left_ms > 0 ? (long)left_ms : 1))
        return CX_ERR(NOMEM);
    CURLcode rc = curl_easy_perform(easy);
    owned = transfer.fd; /* -1 once curl has taken it */
    if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && ret_answer->body_too_long))
        return explain(rc, &transfer, diag);
    return read_answer(easy, diag, ret_answer);
}
