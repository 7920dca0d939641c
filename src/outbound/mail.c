#include "outbound/mail.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "os/file.h"
#include "outbound/address.h"

#include <curl/curl.h>

enum { CONNECT_TIMEOUT_MS = 10000, STAGE_MAX = 8, CA_FILE_MAX = 1024 * 1024 };

struct sending {
    struct mail_relay *relay;
    struct cx_bytes rest;  /* of the letter, still to be read by curl */
    char stage[STAGE_MAX]; /* verb of the last command */
    char reply[OUTBOUND_REPLY_MAX + 1];
    bool address_refused, ended;
};

static void close_easy(CURL **easy)
{
    curl_easy_cleanup(*easy);
}

static void free_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
}

cx_err mail_url_check(struct cx_str url, struct cx_diag *diag)
{
    size_t scheme = cx_str_starts(url, CX_STR("smtp://"))    ? 7
                    : cx_str_starts(url, CX_STR("smtps://")) ? 8
                                                             : 0;
    bool fits = url.len == 0 || (scheme > 0 && url.len > scheme && url.len <= MAIL_URL_MAX);
    for (size_t i = scheme; fits && i < url.len; i++)
        fits = host_char(url.ptr[i]);
    return fits ? CX_OK
                : cx_refuse(diag, CX_ERR(PARSE), "smtp_url", "url",
                            "smtp_url is smtp://host:port or smtps://host:port, and nothing more");
}

static cx_err copy(struct cx_str text, char *out, size_t max, const char *field,
                   struct cx_diag *diag)
{
    if (text.len > max)
        return cx_refuse(diag, CX_ERR(LIMIT), field, "length", "%s is too long", field);
    memcpy(out, text.ptr ? text.ptr : "", text.len);
    out[text.len] = '\0';
    return CX_OK;
}

static cx_err read_file(struct cx_str path, const char *field, struct cx_diag *diag,
                        struct cx_buf *out)
{
    char text[OS_PATH_MAX];
    CX_TRY(os_path(text, "%.*s", CX_STR_ARG(path)));
    cx_err err = os_file_read(text, out->max, out);
    return cx_is_ok(err) ? CX_OK : cx_refuse(diag, err, field, "read", "%s cannot be read", text);
}

static cx_err read_password(struct cx_str path, struct cx_diag *diag, struct mail_relay *relay)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(MAIL_PASSWORD_MAX);
    CX_TRY(read_file(path, "smtp_password_file", diag, &text));
    while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    if (memchr(text.ptr ? (const char *)text.ptr : "", '\0', text.len))
        return cx_refuse(diag, CX_ERR(PARSE), "smtp_password_file", "text", "it is not text");
    return copy((struct cx_str){(const char *)text.ptr, text.len}, relay->password,
                MAIL_PASSWORD_MAX, "smtp_password_file", diag);
}

cx_err mail_relay_open(const struct mail_options *options, struct cx_diag *diag,
                       struct mail_relay *relay)
{
    pthread_mutex_init(&relay->lock, NULL); /* default attributes do not fail on Linux */
    relay->ca_pem = CX_BUF_INIT(CA_FILE_MAX);
    relay->plain = options->plain;
    CX_TRY(mail_url_check(options->url, diag));
    CX_TRY(copy(options->url, relay->url, MAIL_URL_MAX, "smtp_url", diag));
    if (options->from.len > OUTBOUND_ADDRESS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "smtp_from", "length", "smtp_from is too long");
    snprintf(relay->from, sizeof(relay->from), "<%.*s>", CX_STR_ARG(options->from));
    CX_TRY(copy(options->user, relay->user, OUTBOUND_ADDRESS_MAX, "smtp_user", diag));
    if (options->password_file.len)
        CX_TRY(read_password(options->password_file, diag, relay));
    return options->ca_file.len ? read_file(options->ca_file, "smtp_ca_file", diag, &relay->ca_pem)
                                : CX_OK;
}

void mail_relay_close(struct mail_relay *relay)
{
    cx_wipe(relay->password, sizeof(relay->password));
    cx_buf_clear(&relay->ca_pem);
    pthread_mutex_destroy(&relay->lock);
}

static bool remembered(struct mail_relay *relay, struct cx_id id)
{
    bool found = false;
    pthread_mutex_lock(&relay->lock);
    for (size_t i = 0; i < MAIL_REMEMBERED && !found; i++)
        found = cx_id_eq(relay->accepted[i], id);
    pthread_mutex_unlock(&relay->lock);
    return found;
}

static void remember(struct mail_relay *relay, struct cx_id id)
{
    pthread_mutex_lock(&relay->lock);
    relay->accepted[relay->next] = id;
    relay->next = (relay->next + 1) % MAIL_REMEMBERED;
    pthread_mutex_unlock(&relay->lock);
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sending *sending = arg;
    (void)purpose;
    if (sending->relay->plain && !is_loopback(&address->addr)) {
        sending->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t give_letter(char *out, size_t size, size_t count, void *arg)
{
    struct sending *sending = arg;
    size_t len = size * count < sending->rest.len ? size * count : sending->rest.len;
    if (len == 0)
        return 0;
    memcpy(out, sending->rest.ptr, len);
    sending->rest = CX_BYTES(sending->rest.ptr + len, sending->rest.len - len);
    return len;
}

/* The dialogue as curl leads it: the verb of the last command, and the last line of the relay. curl says QUIT when something
 * failed: what is said from there on is not about the letter. */
static int listen_in(CURL *easy, curl_infotype type, char *data, size_t len, void *arg)
{
    struct sending *sending = arg;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT) {
        size_t n = 0;
        sending->ended |= cx_str_starts((struct cx_str){data, len}, CX_STR("QUIT"));
        while (!sending->ended && n < len && n < STAGE_MAX - 1 && data[n] >= 'A' && data[n] <= 'Z')
            n++;
        if (!sending->ended) {
            memcpy(sending->stage, data, n);
            sending->stage[n] = '\0';
        }
    }
    if (type == CURLINFO_HEADER_IN && !sending->ended) {
        size_t n = 0;
        for (; n < len && n < OUTBOUND_REPLY_MAX && data[n] != '\r' && data[n] != '\n'; n++)
            sending->reply[n] = data[n] >= 0x20 && data[n] < 0x7f ? data[n] : '?';
        sending->reply[n] = '\0';
    }
    return 0;
}

uint16_t mail_reply_code(struct cx_str reply)
{
    unsigned code = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= reply.len || reply.ptr[i] < '0' || reply.ptr[i] > '9')
            return 0;
        code = code * 10 + (unsigned)(reply.ptr[i] - '0');
    }
    bool ends = reply.len == 3 || reply.ptr[3] == ' ' || reply.ptr[3] == '-';
    return ends && code >= 200 && code <= 599 ? (uint16_t)code : 0;
}

enum outbound_letter_outcome mail_judge(struct cx_str stage, uint16_t code)
{
    /* RFC 5321 §4.2.1: 5yz is final, 4yz is not. Before RCPT it is about us or the relay, not about the recipient. */
    bool letters = cx_str_is(stage, "RCPT") || cx_str_is(stage, "DATA");
    if (letters && code >= 500)
        return OUTBOUND_LETTER_REFUSED;
    if (letters && code >= 400)
        return code == 421 ? OUTBOUND_LETTER_AWAY : OUTBOUND_LETTER_LATER;
    return OUTBOUND_LETTER_AWAY;
}

static bool set_relay(CURL *easy, struct sending *sending)
{
    struct mail_relay *relay = sending->relay;
    struct curl_blob roots = {relay->ca_pem.ptr, relay->ca_pem.len, CURL_BLOB_NOCOPY};
    long tls = relay->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    return curl_easy_setopt(easy, CURLOPT_URL, relay->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USE_SSL, tls) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (relay->ca_pem.len == 0 ||
            (curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &roots) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK)) &&
           (relay->user[0] == '\0' ||
            (curl_easy_setopt(easy, CURLOPT_USERNAME, relay->user) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_PASSWORD, relay->password) == CURLE_OK)) &&
           curl_easy_setopt(easy, CURLOPT_MAIL_FROM, relay->from) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sending) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, listen_in) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGDATA, sending) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_letter) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, sending) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK;
}

static void explain(const struct sending *sending, CURLcode rc,
                    struct outbound_letter_result *result)
{
    const char *text = sending->address_refused ? "smtp_tls: none is for a relay on this host"
                       : result->code >= 400    ? sending->reply
                       : rc == CURLE_OK         ? sending->reply
                                                : curl_easy_strerror(rc);
    snprintf(result->reply, sizeof(result->reply), "%s", text);
}

static cx_err send_one(CURL *easy, struct sending *sending, const struct outbound_letter *letter,
                       uint32_t timeout_ms, struct outbound_letter_result *result)
{
    char address[OUTBOUND_ADDRESS_MAX + 3];
    snprintf(address, sizeof(address), "<%.*s>", CX_STR_ARG(letter->address));
    CX_CLEANUP(free_list) struct curl_slist *to = curl_slist_append(NULL, address);
    sending->rest = letter->message;
    sending->stage[0] = sending->reply[0] = '\0';
    sending->ended = false;
    if (!to || curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) != CURLE_OK)
        return CX_ERR(NOMEM);
    CURLcode rc = curl_easy_perform(easy);
    if (curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, NULL) != CURLE_OK)
        return CX_ERR(INTERNAL);
    result->code = mail_reply_code(cx_str_from(sending->reply));
    result->outcome = rc == CURLE_OK ? OUTBOUND_LETTER_SENT
                                     : mail_judge(cx_str_from(sending->stage), result->code);
    explain(sending, rc, result);
    if (rc == CURLE_OK)
        remember(sending->relay, letter->id);
    return rc == CURLE_OUT_OF_MEMORY ? CX_ERR(NOMEM) : CX_OK;
}

cx_err mail_send(struct mail_relay *relay, const struct outbound_letter *letters, size_t count,
                 uint32_t timeout_ms, struct outbound_letter_result *results)
{
    struct sending sending = {.relay = relay};
    int64_t deadline_us = cx_monotonic_us() + (int64_t)timeout_ms * 1000;
    CX_CLEANUP(close_easy) CURL *easy = curl_easy_init();
    if (!easy || !set_relay(easy, &sending))
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < count; i++) {
        int64_t left_ms = (deadline_us - cx_monotonic_us()) / 1000;
        results[i] = (struct outbound_letter_result){.outcome = OUTBOUND_LETTER_AWAY};
        if (remembered(relay, letters[i].id)) {
            results[i].outcome = OUTBOUND_LETTER_SENT;
            snprintf(results[i].reply, sizeof(results[i].reply), "accepted before");
            continue;
        }
        if (relay->url[0] == '\0')
            snprintf(results[i].reply, sizeof(results[i].reply), "no smtp_url is configured");
        else if (left_ms <= 0)
            snprintf(results[i].reply, sizeof(results[i].reply), "no time was left for it");
        else if (i > 0 && results[i - 1].outcome == OUTBOUND_LETTER_AWAY)
            results[i] = results[i - 1];
        else
            CX_TRY(send_one(easy, &sending, &letters[i], (uint32_t)left_ms, &results[i]));
    }
    return CX_OK;
}
