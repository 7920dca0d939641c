#include "outbound/imap.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "outbound/message.h"

#include <curl/curl.h>
#include <strings.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    ANSWER_MAX = 512 * 1024, /* of a server's answer to SEARCH */
    IMAP_URL_MAX = 1024,
    PASSWORD_MAX = 256,
};

struct dialogue {
    const struct imap_read *read;
    struct imap_listing listing;
    struct cx_buf *body; /* of the message; NULL: none is expected */
    bool address_refused, out_of_memory;
};

static void close_easy(CURL **easy)
{
    curl_easy_cleanup(*easy);
}

static void free_part(char **part)
{
    curl_free(*part);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct dialogue *dialogue = arg;
    (void)purpose;
    if (!address_policy_allows(dialogue->read->policy, &address->addr, address->addrlen)) {
        dialogue->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool take_number(struct cx_str *rest, uint32_t *ret_number)
{
    int64_t number = 0;
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    if (cx_failed(cx_parse_i64((struct cx_str){rest->ptr, len}, 1, UINT32_MAX, &number)))
        return false;
    *rest = (struct cx_str){rest->ptr + len, rest->len - len};
    *ret_number = (uint32_t)number;
    return true;
}

/* RFC 3501 §4: keywords of answers are in any case. */
static bool take_word(struct cx_str *rest, const char *word)
{
    size_t len = strlen(word);
    if (rest->len < len || strncasecmp(rest->ptr, word, len) != 0)
        return false;
    *rest = (struct cx_str){rest->ptr + len, rest->len - len};
    return true;
}

void imap_take_line(struct cx_str line, struct imap_listing *listing)
{
    struct cx_str rest = line;
    uint32_t number = 0;
    if (take_word(&rest, "* OK [UIDVALIDITY ") && take_number(&rest, &number))
        listing->uid_validity = number;
    rest = line;
    if (!take_word(&rest, "* SEARCH"))
        return;
    while (listing->count < IMAP_UIDS_MAX && take_word(&rest, " ") && take_number(&rest, &number))
        if (number > listing->after_uid) /* "n:*" names the last message, whatever n is */
            listing->uids[listing->count++] = number;
}

static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
    struct dialogue *dialogue = arg;
    if (!dialogue->body)
        imap_take_line((struct cx_str){data, size * count}, &dialogue->listing);
    return size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct dialogue *dialogue = arg;
    if (dialogue->body && cx_failed(cx_buf_add(dialogue->body, CX_BYTES(data, size * count)))) {
        dialogue->out_of_memory = true;
        return 0;
    }
    return size * count;
}

static bool set_connection(CURL *easy, struct dialogue *dialogue)
{
    const struct imap_read *read = dialogue->read;
    struct curl_blob roots = {(void *)(uintptr_t)read->ca_pem.ptr, read->ca_pem.len,
                              CURL_BLOB_COPY};
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "imaps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (read->ca_pem.len == 0 ||
            (curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &roots) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK)) &&
           curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)ANSWER_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, dialogue) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, dialogue) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, dialogue) == CURLE_OK;
}

static cx_err set_credentials(CURL *easy, const struct imap_read *read)
{
    char user[OUTBOUND_ADDRESS_MAX + 1], password[PASSWORD_MAX + 1];
    if (read->user.len >= sizeof(user) || read->password.len >= sizeof(password))
        return CX_ERR(LIMIT);
    snprintf(user, sizeof(user), "%.*s", CX_STR_ARG(read->user));
    snprintf(password, sizeof(password), "%.*s", CX_STR_ARG(read->password));
    bool set = curl_easy_setopt(easy, CURLOPT_USERNAME, user) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PASSWORD, password) == CURLE_OK;
    cx_wipe(password, sizeof(password));
    return set ? CX_OK : CX_ERR(NOMEM);
}

/* imaps://host:port/FOLDER, to which more is added: ";UID=…" of RFC 5092. */
static cx_err set_url(CURL *easy, const struct imap_read *read, const char *more)
{
    char url[IMAP_URL_MAX];
    bool ipv6 = memchr(read->host.ptr, ':', read->host.len) != NULL;
    CX_CLEANUP(free_part)
    char *folder = curl_easy_escape(easy, read->folder.ptr, (int)read->folder.len);
    if (!folder)
        return CX_ERR(NOMEM);
    int len = snprintf(url, sizeof(url), "imaps://%s%.*s%s:%u/%s%s", ipv6 ? "[" : "",
                       CX_STR_ARG(read->host), ipv6 ? "]" : "", read->port, folder, more);
    if (len < 0 || (size_t)len >= sizeof(url))
        return CX_ERR(LIMIT);
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK ? CX_OK : CX_ERR(NOMEM);
}

static cx_err explain(CURLcode rc, const struct dialogue *dialogue, struct cx_diag *diag)
{
    if (dialogue->address_refused)
        return cx_refuse(
            diag, CX_ERR(POLICY), "host", "outbound-address",
            "the host has an address that is not public and not in outbound_allow_networks");
    if (dialogue->out_of_memory || rc == CURLE_OUT_OF_MEMORY)
        return CX_ERR(NOMEM);
    if (rc == CURLE_LOGIN_DENIED)
        return cx_refuse(diag, CX_ERR(AUTH), "password", "imap-login",
                         "the server refused user and password, or it has no folder %.*s",
                         CX_STR_ARG(dialogue->read->folder));
    return cx_refuse(diag, CX_ERR(IO), "host", "imap", "%s", curl_easy_strerror(rc));
}

static cx_err perform(CURL *easy, const struct dialogue *dialogue, int64_t deadline_us,
                      struct cx_diag *diag, bool *ret_gone)
{
    int64_t left_ms = (deadline_us - cx_monotonic_us()) / 1000;
    if (left_ms <= 0)
        return cx_refuse(diag, CX_ERR(IO), "host", "imap", "no time was left");
    if (curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms) != CURLE_OK)
        return CX_ERR(NOMEM);
    CURLcode rc = curl_easy_perform(easy);
    *ret_gone = rc == CURLE_REMOTE_FILE_NOT_FOUND;
    return rc == CURLE_OK || *ret_gone ? CX_OK : explain(rc, dialogue, diag);
}

/* What there is after the UID; when the folder is another one than it was, from its beginning. */
static cx_err search(CURL *easy, struct dialogue *dialogue, int64_t deadline_us,
                     struct cx_diag *diag)
{
    struct imap_listing *listing = &dialogue->listing;
    for (int round = 0; round < 2; round++) {
        char command[64];
        bool gone = false;
        listing->count = 0;
        listing->uid_validity = 0;
        snprintf(command, sizeof(command), "UID SEARCH UID %llu:*",
                 (unsigned long long)listing->after_uid + 1);
        CX_TRY(set_url(easy, dialogue->read, ""));
        /* A connection of its own each time: curl selects a folder once a connection, and says its validity then. */
        if (curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, command) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK)
            return CX_ERR(NOMEM);
        CX_TRY(perform(easy, dialogue, deadline_us, diag, &gone));
        if (listing->uid_validity == 0)
            return cx_refuse(diag, CX_ERR(IO), "host", "imap",
                             "the server does not say the UIDVALIDITY of the folder");
        if (listing->after_uid == 0 || listing->uid_validity == dialogue->read->uid_validity)
            return CX_OK;
        listing->after_uid = 0;
    }
    return CX_OK;
}

static cx_err fetch(CURL *easy, struct dialogue *dialogue, uint32_t uid, int64_t deadline_us,
                    struct arena *arena, struct cx_diag *diag, struct imap_folder *folder)
{
    /* One octet more than is kept tells whether it was cut. */
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(MESSAGE_MAX + 1);
    struct imap_mail *mail = &folder->mails[folder->count];
    char more[96];
    bool gone = false;
    snprintf(more, sizeof(more), ";UIDVALIDITY=%u/;UID=%u/;PARTIAL=0.%d", folder->uid_validity, uid,
             MESSAGE_MAX + 1);
    CX_TRY(set_url(easy, dialogue->read, more));
    if (curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L) != CURLE_OK)
        return CX_ERR(NOMEM);
    dialogue->body = &body;
    cx_err err = perform(easy, dialogue, deadline_us, diag, &gone);
    dialogue->body = NULL;
    CX_TRY(err);
    if (gone) /* somebody removed it meanwhile */
        return CX_OK;
    mail->uid = uid;
    mail->cut = body.len > MESSAGE_MAX;
    folder->count++;
    return arena_copy(arena, CX_BYTES(body.ptr, mail->cut ? MESSAGE_MAX : body.len), &mail->raw);
}

/* The oldest first: the lowest number above the one before. A server need not sort them. */
static bool next_uid(const struct imap_listing *listing, uint32_t after, uint32_t *ret_uid)
{
    uint32_t best = 0;
    for (size_t i = 0; i < listing->count; i++)
        if (listing->uids[i] > after && (best == 0 || listing->uids[i] < best))
            best = listing->uids[i];
    *ret_uid = best;
    return best != 0;
}

static cx_err fetch_all(CURL *easy, struct dialogue *dialogue, int64_t deadline_us,
                        struct arena *arena, struct cx_diag *diag, struct imap_folder *folder)
{
    uint32_t uid = dialogue->listing.after_uid;
    while (folder->count < dialogue->read->count_max && next_uid(&dialogue->listing, uid, &uid))
        CX_TRY(fetch(easy, dialogue, uid, deadline_us, arena, diag, folder));
    folder->more = next_uid(&dialogue->listing, uid, &uid);
    return CX_OK;
}

cx_err imap_read_folder(const struct imap_read *read, struct arena *arena, struct cx_diag *diag,
                        struct imap_folder *ret_folder)
{
    struct dialogue dialogue = {.read = read, .listing = {.after_uid = read->after_uid}};
    int64_t deadline_us = cx_monotonic_us() + (int64_t)read->timeout_ms * 1000;
    CX_TRY(ARENA_NEW_ARRAY(arena, IMAP_UIDS_MAX, &dialogue.listing.uids));
    CX_CLEANUP(close_easy) CURL *easy = curl_easy_init();
    if (!easy || !set_connection(easy, &dialogue))
        return CX_ERR(NOMEM);
    CX_TRY(set_credentials(easy, read));
    CX_TRY(search(easy, &dialogue, deadline_us, diag));
    *ret_folder = (struct imap_folder){.uid_validity = dialogue.listing.uid_validity};
    return fetch_all(easy, &dialogue, deadline_us, arena, diag, ret_folder);
}
