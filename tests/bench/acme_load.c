/*
 * Full ACME orders, as fast as they go: N connections, each a thread, one order after the other with signed JWS
 * (ES256), newOrder to certificate. One account; a listener answers http-01 for every token. Prints one JSON line:
 * {"orders", "seconds", "rate", "signed_requests", "p50_us", "p99_us", "errors"}.
 *
 *   acme_load --port N --directory /path [--connections N] [--seconds N] [--http-port N] [--eab-kid ID --eab-key TEXT]
 *
 * Names end in .bench.example.org. The server's certificate is not checked: it is a bench on loopback.
 */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "crypto/hash.h"
#include "crypto/jose.h"
#include "pki/certificate.h"
#include "pki/csr.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

enum { ANSWER_MAX = 64 * 1024, SAMPLES_MAX = 1 << 20, THREADS_MAX = 128, URL_SIZE = 512 };

static struct {
    uint16_t port, http_port;
    int connections, seconds;
    const char *directory, *eab_kid, *eab_key;
} options = {.connections = 16, .seconds = 5};

static SSL_CTX *context;
static struct crypto_key *account_key;
static char jwk[256], thumbprint[64], kid[URL_SIZE];
static char new_nonce[URL_SIZE], new_account[URL_SIZE], new_order[URL_SIZE];
static atomic_bool stopping;
static atomic_llong orders, requests, errors, sequence;
static uint32_t samples[SAMPLES_MAX];

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "acme_load: %s\n", what);
    exit(1);
}

static void must(cx_err err, const char *what)
{
    if (cx_failed(err))
        die(what);
}

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The decimal number that text starts with. */
static long number(const char *text)
{
    long value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (*text - '0');
    return value;
}

/* ---- HTTP ---- */

struct session {
    SSL *ssl;
    int fd;
    char answer[ANSWER_MAX];
    char *body;
    int status;
    char nonce[128], location[URL_SIZE];
};

static void session_close(struct session *s)
{
    if (s->ssl)
        SSL_free(s->ssl);
    if (s->fd >= 0)
        close(s->fd);
    s->ssl = NULL;
    s->fd = -1;
}

static bool session_open(struct session *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return false;
    s->ssl = SSL_new(context);
    return s->ssl && SSL_set_fd(s->ssl, s->fd) == 1 && SSL_connect(s->ssl) == 1;
}

static void copy_header(const char *head, const char *name, char *out, size_t size)
{
    const char *at = strcasestr(head, name);
    if (!at)
        return;
    at += strlen(name);
    size_t len = strcspn(at, "\r\n");
    if (len < size) {
        memcpy(out, at, len);
        out[len] = '\0';
    }
}

/* Complete when the body has its Content-Length, or the last chunk is there. */
static bool complete(struct session *s, size_t len)
{
    char *end = strstr(s->answer, "\r\n\r\n");
    if (!end)
        return false;
    char length[24] = "";
    s->body = end + 4;
    *end = '\0';
    copy_header(s->answer, "\ncontent-length: ", length, sizeof(length));
    bool chunked = strcasestr(s->answer, "\ntransfer-encoding: chunked") != NULL;
    *end = '\r';
    size_t have = len - (size_t)(s->body - s->answer);
    return chunked ? strstr(s->body - 2, "\r\n0\r\n\r\n") != NULL : have >= (size_t)number(length);
}

static bool exchange(struct session *s, const char *request, size_t request_len, bool head_only)
{
    size_t len = 0;
    if (s->fd < 0 && !session_open(s))
        return false;
    if (SSL_write(s->ssl, request, (int)request_len) <= 0)
        return false;
    for (;;) {
        int n = SSL_read(s->ssl, s->answer + len, (int)(ANSWER_MAX - 1 - len));
        if (n <= 0)
            return false;
        len += (size_t)n;
        s->answer[len] = '\0';
        if (head_only ? strstr(s->answer, "\r\n\r\n") != NULL : complete(s, len))
            break;
    }
    s->status = len > 12 ? (int)number(s->answer + 9) : 0;
    copy_header(s->answer, "\nreplay-nonce: ", s->nonce, sizeof(s->nonce));
    copy_header(s->answer, "\nlocation: ", s->location, sizeof(s->location));
    return true;
}

static const char *path_of(const char *url)
{
    const char *slashes = strstr(url, "//");
    const char *path = slashes ? strchr(slashes + 2, '/') : NULL;
    return path ? path : url;
}

/* ---- JWS ---- */

static void add64(struct cx_buf *out, const void *bytes, size_t len)
{
    must(base64url_encode(CX_BYTES(bytes, len), out), "base64");
}

static bool signed_post(struct session *s, const char *url, const char *payload)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf input = CX_BUF_INIT(16384), body = CX_BUF_INIT(32768),
                  request = CX_BUF_INIT(65536), signature = CX_BUF_INIT(128);
    char header[2048];
    int len = snprintf(header, sizeof(header),
                       "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"%s\",%s%s%s}", s->nonce, url,
                       kid[0] ? "\"kid\":\"" : "\"jwk\":", kid[0] ? kid : jwk, kid[0] ? "\"" : "");
    add64(&input, header, (size_t)len);
    size_t protected_len = input.len;
    must(cx_buf_add_u8(&input, '.'), "memory");
    add64(&input, payload, strlen(payload));
    must(crypto_jose_sign(account_key, cx_buf_view(&input), &signature), "sign");
    must(cx_buf_addf(&body, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"",
                     (int)protected_len, input.ptr, (int)(input.len - protected_len - 1),
                     input.ptr + protected_len + 1),
         "memory");
    add64(&body, signature.ptr, signature.len);
    must(cx_buf_add_str(&body, CX_STR("\"}")), "memory");
    must(cx_buf_addf(&request,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: acme_load\r\n"
                     "Content-Type: application/jose+json\r\nContent-Length: %zu\r\n\r\n%.*s",
                     path_of(url), options.port, body.len, (int)body.len, body.ptr),
         "memory");
    atomic_fetch_add(&requests, 1);
    return exchange(s, (const char *)request.ptr, request.len, false);
}

static bool get(struct session *s, const char *method, const char *path)
{
    char request[1024];
    int len = snprintf(request, sizeof(request),
                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                       "User-Agent: acme_load\r\n\r\n",
                       method, path, options.port);
    return exchange(s, request, (size_t)len, method[0] == 'H');
}

/* The string value of the first member of this name after at. */
static bool member(const char *at, const char *name, char *out, size_t size)
{
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    at = strstr(at, quoted);
    if (!at)
        return false;
    at += strlen(quoted);
    at += strspn(at, " \t\r\n:[");
    if (*at++ != '"')
        return false;
    size_t len = strcspn(at, "\"");
    if (len >= size)
        return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

static bool status_is(const struct session *s, const char *want)
{
    char status[32];
    return member(s->body, "status", status, sizeof(status)) && strcmp(status, want) == 0;
}

/* ---- one order ---- */

struct worker {
    struct session session;
    struct crypto_key *key;
};

static void write_csr(const struct worker *w, const char *name, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf info = CX_BUF_INIT(4096), signature = CX_BUF_INIT(256), der = CX_BUF_INIT(4096);
    struct pki_name san = {PKI_NAME_DNS, CX_BYTES(name, strlen(name))};
    must(pki_csr_info_write(NULL, 0, &san, 1, crypto_key_spki(w->key), &info), "csr");
    must(crypto_sign(w->key, CRYPTO_SIGNATURE_ECDSA_SHA256, cx_buf_view(&info), &signature), "csr");
    must(pki_certificate_write(cx_buf_view(&info), PKI_KEY_P256, cx_buf_view(&signature), &der),
         "csr");
    must(cx_buf_add_str(out, CX_STR("{\"csr\":\"")), "memory");
    add64(out, der.ptr, der.len);
    must(cx_buf_add_str(out, CX_STR("\"}")), "memory");
    must(cx_buf_terminate(out), "memory");
}

/* Reads url until its status is the wanted one. */
static bool poll_until(struct session *s, const char *url, const char *want, const char *until)
{
    for (int i = 0; i < 2000 && !atomic_load(&stopping); i++) {
        if (!signed_post(s, url, "") || s->status != 200)
            return false;
        if (status_is(s, want))
            return true;
        if (!status_is(s, until))
            return false;
        usleep(i < 5 ? 2000 : 10000);
    }
    return false;
}

static bool prove(struct session *s, const char *authorization)
{
    char challenge[URL_SIZE];
    if (!signed_post(s, authorization, "") || s->status != 200)
        return false;
    if (status_is(s, "valid"))
        return true;
    const char *at = strstr(s->body, "\"http-01\"");
    if (!at || !member(at, "url", challenge, sizeof(challenge)))
        return false;
    return signed_post(s, challenge, "{}") && s->status == 200 &&
           poll_until(s, authorization, "valid", "pending");
}

static bool order(struct worker *w)
{
    struct session *s = &w->session;
    char name[96], payload[256], url[URL_SIZE], finalize[URL_SIZE], authorization[URL_SIZE],
        certificate[URL_SIZE];
    CX_CLEANUP(cx_buf_clear) struct cx_buf csr = CX_BUF_INIT(8192);
    snprintf(name, sizeof(name), "n%lld.bench.example.org",
             (long long)atomic_fetch_add(&sequence, 1));
    snprintf(payload, sizeof(payload), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}",
             name);
    if (!signed_post(s, new_order, payload) || s->status != 201 ||
        !member(s->body, "finalize", finalize, sizeof(finalize)) ||
        !member(s->body, "authorizations", authorization, sizeof(authorization)))
        return false;
    memcpy(url, s->location, sizeof(url));
    if (!status_is(s, "ready") && !prove(s, authorization))
        return false;
    write_csr(w, name, &csr);
    if (!signed_post(s, finalize, (const char *)csr.ptr) || s->status != 200)
        return false;
    if (!status_is(s, "valid") && !poll_until(s, url, "valid", "processing"))
        return false;
    return member(s->body, "certificate", certificate, sizeof(certificate)) &&
           signed_post(s, certificate, "") && s->status == 200;
}

static void fresh_nonce(struct session *s)
{
    if (!get(s, "HEAD", path_of(new_nonce)))
        die("no nonce");
}

static void *work(void *arg)
{
    struct worker *w = arg;
    must(crypto_key_generate(CRYPTO_KEY_P256, &w->key), "key");
    fresh_nonce(&w->session);
    while (!atomic_load(&stopping)) {
        int64_t start = now_us();
        bool done = order(w);
        if (!done && atomic_load(&stopping))
            break; /* cut short by the end, not by the server */
        if (done) {
            samples[atomic_fetch_add(&orders, 1) % SAMPLES_MAX] = (uint32_t)(now_us() - start);
            continue;
        }
        if (atomic_fetch_add(&errors, 1) == 0)
            fprintf(stderr, "acme_load: first failure: %.1500s\n", w->session.answer);
        session_close(&w->session);
        fresh_nonce(&w->session);
    }
    session_close(&w->session);
    crypto_key_free(w->key);
    return NULL;
}

/* ---- the account and the world outside ---- */

static void make_account_key(void)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf x = CX_BUF_INIT(64), y = CX_BUF_INIT(64), print = CX_BUF_INIT(64);
    uint8_t digest[CRYPTO_SHA256_LEN];
    must(crypto_key_generate(CRYPTO_KEY_P256, &account_key), "key");
    struct cx_bytes spki = crypto_key_spki(account_key);
    add64(&x, spki.ptr + spki.len - 64, 32);
    add64(&y, spki.ptr + spki.len - 32, 32);
    int len = snprintf(jwk, sizeof(jwk),
                       "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                       (int)x.len, x.ptr, (int)y.len, y.ptr);
    must(crypto_sha256(CX_BYTES(jwk, (size_t)len), digest), "digest");
    add64(&print, digest, sizeof(digest));
    memcpy(thumbprint, print.ptr, print.len);
}

static void write_binding(struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf input = CX_BUF_INIT(4096), key = CX_BUF_INIT(128);
    char header[1024];
    uint8_t mac[CRYPTO_SHA256_LEN];
    int len = snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"url\":\"%s\"}",
                       options.eab_kid, new_account);
    add64(&input, header, (size_t)len);
    size_t protected_len = input.len;
    must(cx_buf_add_u8(&input, '.'), "memory");
    add64(&input, jwk, strlen(jwk));
    must(base64url_decode(cx_str_from(options.eab_key), &key), "eab key");
    struct cx_bytes view = cx_buf_view(&input);
    must(crypto_hmac_sha256(cx_buf_view(&key), &view, 1, mac), "mac");
    must(cx_buf_addf(out,
                     ",\"externalAccountBinding\":{\"protected\":\"%.*s\",\"payload\":\"%.*s\","
                     "\"signature\":\"",
                     (int)protected_len, input.ptr, (int)(input.len - protected_len - 1),
                     input.ptr + protected_len + 1),
         "memory");
    add64(out, mac, sizeof(mac));
    must(cx_buf_add_str(out, CX_STR("\"}")), "memory");
}

static void make_account(struct session *s)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf payload = CX_BUF_INIT(8192);
    if (!get(s, "GET", options.directory) ||
        !member(s->body, "newNonce", new_nonce, sizeof(new_nonce)) ||
        !member(s->body, "newAccount", new_account, sizeof(new_account)) ||
        !member(s->body, "newOrder", new_order, sizeof(new_order)))
        die("no directory");
    fresh_nonce(s);
    must(cx_buf_add_str(&payload, CX_STR("{\"termsOfServiceAgreed\":true")), "memory");
    if (options.eab_kid)
        write_binding(&payload);
    must(cx_buf_add_str(&payload, CX_STR("}")), "memory");
    must(cx_buf_terminate(&payload), "memory");
    if (!signed_post(s, new_account, (const char *)payload.ptr) || s->status != 201) {
        fprintf(stderr, "%.1500s\n", s->answer);
        die("no account");
    }
    memcpy(kid, s->location, sizeof(kid));
}

static void answer_challenge(int fd)
{
    char request[2048], answer[512], content[256];
    ssize_t len = recv(fd, request, sizeof(request) - 1, 0);
    if (len > 0) {
        request[len] = '\0';
        const char *at = strstr(request, "/.well-known/acme-challenge/");
        int token_len = at ? (int)strcspn(at + 28, " ?") : 0;
        int size =
            snprintf(content, sizeof(content), "%.*s.%s", token_len, at ? at + 28 : "", thumbprint);
        int n = snprintf(answer, sizeof(answer),
                         "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
                         size, content);
        send(fd, answer, (size_t)n, MSG_NOSIGNAL);
    }
    close(fd);
}

static void *serve_challenges(void *arg)
{
    int listener = *(int *)arg;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            answer_challenge(fd);
    }
    return NULL;
}

static void listen_for_challenges(void)
{
    static int listener;
    pthread_t thread;
    int one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(options.http_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (!options.http_port)
        return;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(listener, 512) != 0 ||
        pthread_create(&thread, NULL, serve_challenges, &listener) != 0)
        die("cannot listen for challenges");
    pthread_detach(thread);
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", 1, NULL, 'p'},    {"directory", 1, NULL, 'd'}, {"connections", 1, NULL, 'c'},
        {"seconds", 1, NULL, 's'}, {"http-port", 1, NULL, 'h'}, {"eab-kid", 1, NULL, 'k'},
        {"eab-key", 1, NULL, 'K'}, {NULL, 0, NULL, 0}};
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (o == 'p')
            options.port = (uint16_t)number(optarg);
        else if (o == 'h')
            options.http_port = (uint16_t)number(optarg);
        else if (o == 'c')
            options.connections = (int)number(optarg);
        else if (o == 's')
            options.seconds = (int)number(optarg);
        else if (o == 'd')
            options.directory = optarg;
        else if (o == 'k')
            options.eab_kid = optarg;
        else if (o == 'K')
            options.eab_key = optarg;
        else
            exit(64);
    }
    if (!options.port || !options.directory || options.connections < 1 ||
        options.connections > THREADS_MAX || options.seconds < 1)
        die("usage: acme_load --port N --directory /path [--connections N] [--seconds N] …");
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(double seconds)
{
    long long done = atomic_load(&orders);
    size_t n = done > SAMPLES_MAX ? SAMPLES_MAX : (size_t)done;
    qsort(samples, n, sizeof(*samples), by_value);
    printf("{\"orders\": %lld, \"seconds\": %.3f, \"rate\": %.1f, \"signed_requests\": %.2f, "
           "\"p50_us\": %u, \"p99_us\": %u, \"errors\": %lld}\n",
           done, seconds, (double)done / seconds,
           done ? (double)atomic_load(&requests) / (double)done : 0.0, n ? samples[n / 2] : 0,
           n ? samples[n * 99 / 100] : 0, (long long)atomic_load(&errors));
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS_MAX];
    static struct session first = {.fd = -1};
    pthread_t threads[THREADS_MAX];
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    if (!context)
        die("TLS");
    make_account_key();
    listen_for_challenges();
    make_account(&first);
    session_close(&first);
    atomic_store(&requests, 0);
    int64_t start = now_us();
    for (int i = 0; i < options.connections; i++) {
        workers[i].session.fd = -1;
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            die("thread");
    }
    sleep((unsigned)options.seconds);
    atomic_store(&stopping, true);
    for (int i = 0; i < options.connections; i++)
        pthread_join(threads[i], NULL);
    report((double)(now_us() - start) / 1e6);
    return atomic_load(&orders) > 0 ? 0 : 1;
}
