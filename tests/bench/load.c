/*
 * A load generator: N connections, each a thread, keep-alive, one request at a time on each, over
 * TLS or plain TCP. Bodies come from a file, one a line (optionally base64), and are sent round
 * robin. Prints one JSON line:
 * {"count", "seconds", "rate", "p50_us", "p99_us", "max_us", "errors", "statuses"}.
 *
 *   load --port N [--plain] [--connections N] [--seconds N] [--count N] [--method POST] --path /p |
 * --paths FILE
 *        [--bodies FILE [--base64]] [--type MIME] [--token T] [--ca FILE] [--expect STATUS]
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RESPONSE_MAX = 4 << 20, SAMPLES_MAX = 4 << 20, CONNECTIONS_MAX = 512, LINES_MAX = 1 << 20 };

struct line {
    char *text;
    size_t len;
};

struct options {
    uint16_t port;
    bool plain, base64;
    int connections, seconds, expect;
    int64_t count;
    const char *method, *type, *token, *ca;
    struct line *bodies, *paths;
    size_t body_count, path_count;
};

static struct options options;
static SSL_CTX *context;
static atomic_llong next_index, done_count, error_count;
static atomic_int last_bad_status;
static atomic_bool stopping;
static uint32_t *samples;

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

struct connection {
    int fd;
    SSL *ssl;
    uint8_t *buffer;
    bool last; /* the server closes after this response */
};

static void connection_close(struct connection *c)
{
    if (c->ssl)
        SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}

static bool connection_open(struct connection *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct timeval limit = {.tv_sec = 30};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return false;
    if (options.plain)
        return true;
    c->ssl = SSL_new(context);
    return c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1;
}

static bool send_all(struct connection *c, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n =
            c->ssl ? SSL_write(c->ssl, bytes, (int)len) : send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Length of the whole response once its header is there; 0 = more bytes are needed; SIZE_MAX = not
 * understood. */
static size_t response_len(const uint8_t *buffer, size_t len)
{
    const uint8_t *end = memmem(buffer, len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t header = (size_t)(end - buffer) + 4;
    for (const uint8_t *at = buffer; at < end; at++) {
        if (strncasecmp((const char *)at, "\r\ncontent-length:", 17) == 0) {
            size_t body = 0;
            for (at += 17; *at == ' '; at++)
                ;
            for (; *at >= '0' && *at <= '9'; at++)
                body = body * 10 + (size_t)(*at - '0');
            return header + body;
        }
        if (strncasecmp((const char *)at, "\r\ntransfer-encoding:", 20) == 0)
            return memmem(buffer + header - 2, len - header + 2, "\r\n0\r\n\r\n", 7) ? len : 0;
    }
    return header;
}

/* The status, or -1. */
static int receive(struct connection *c)
{
    size_t len = 0;
    for (;;) {
        if (len == RESPONSE_MAX)
            return -1;
        ssize_t n = c->ssl ? SSL_read(c->ssl, c->buffer + len, (int)(RESPONSE_MAX - len))
                           : recv(c->fd, c->buffer + len, RESPONSE_MAX - len, 0);
        if (n <= 0)
            return -1;
        len += (size_t)n;
        size_t whole = response_len(c->buffer, len);
        if (whole != 0 && len >= whole)
            break;
    }
    if (len < 12 || memcmp(c->buffer, "HTTP/1.1 ", 9) != 0)
        return -1;
    /* A server may end keep-alive after so many requests: that is no error. */
    const uint8_t *end = memmem(c->buffer, len, "\r\n\r\n", 4);
    c->last = end && memmem(c->buffer, (size_t)(end - c->buffer), "Connection: close", 17);
    return (c->buffer[9] - '0') * 100 + (c->buffer[10] - '0') * 10 + (c->buffer[11] - '0');
}

static bool one_request(struct connection *c, long long index)
{
    static char empty[1];
    static const struct line nothing = {.text = empty, .len = 0};
    const struct line *body =
        options.body_count ? &options.bodies[(size_t)index % options.body_count] : &nothing;
    const struct line *path = &options.paths[(size_t)index % options.path_count];
    char head[4096];
    int len = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s%s%s%s",
                       options.method, path->text, options.token ? "Authorization: Bearer " : "",
                       options.token ? options.token : "", options.token ? "\r\n" : "",
                       options.body_count ? "Content-Type: " : "",
                       options.body_count ? options.type : "", options.body_count ? "\r\n" : "");
    if (len < 0 || (size_t)len >= sizeof(head) - 64)
        return false;
    if (body->len || strcmp(options.method, "POST") == 0)
        len +=
            snprintf(head + len, sizeof(head) - (size_t)len, "Content-Length: %zu\r\n", body->len);
    len += snprintf(head + len, sizeof(head) - (size_t)len, "\r\n");
    if ((size_t)len + body->len > RESPONSE_MAX)
        return false;
    memcpy(c->buffer, head, (size_t)len);
    memcpy(c->buffer + len, body->text, body->len);
    if (!send_all(c, (const char *)c->buffer, (size_t)len + body->len))
        return false;
    int status = receive(c);
    if (status != options.expect)
        atomic_store(&last_bad_status, status);
    return status == options.expect;
}

static void *work(void *unused)
{
    (void)unused;
    struct connection c = {.fd = -1, .buffer = malloc(RESPONSE_MAX)};
    if (!c.buffer)
        die("memory");
    while (!atomic_load(&stopping)) {
        long long index = atomic_fetch_add(&next_index, 1);
        if (options.count && index >= options.count)
            break;
        if (c.fd < 0 && !connection_open(&c)) {
            connection_close(&c);
            atomic_fetch_add(&error_count, 1);
            usleep(10000);
            continue;
        }
        int64_t start = now_us();
        if (one_request(&c, index)) {
            long long at = atomic_fetch_add(&done_count, 1);
            samples[at % SAMPLES_MAX] = (uint32_t)(now_us() - start);
            if (c.last)
                connection_close(&c);
        } else {
            atomic_fetch_add(&error_count, 1);
            connection_close(&c);
        }
    }
    connection_close(&c);
    free(c.buffer);
    return NULL;
}

static void add_line(struct line **lines, size_t *count, const char *text, size_t len)
{
    if (*count == LINES_MAX)
        return;
    *lines = realloc(*lines, (*count + 1) * sizeof(**lines));
    char *copy = malloc(len + 1);
    if (!*lines || !copy)
        die("memory");
    memcpy(copy, text, len);
    copy[len] = '\0';
    (*lines)[(*count)++] = (struct line){.text = copy, .len = len};
}

static void read_lines(const char *path, bool base64, struct line **lines, size_t *count)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    char *text = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&text, &room, file)) > 0) {
        if (text[len - 1] == '\n')
            len--;
        if (base64) {
            int padding = len > 1 && text[len - 1] == '=' ? (text[len - 2] == '=' ? 2 : 1) : 0;
            uint8_t *raw = malloc((size_t)len + 1);
            int raw_len = raw ? EVP_DecodeBlock(raw, (const uint8_t *)text, (int)len) : -1;
            if (raw_len < 0)
                die("base64");
            add_line(lines, count, (const char *)raw, (size_t)(raw_len - padding));
            free(raw);
        } else {
            add_line(lines, count, text, (size_t)len);
        }
    }
    free(text);
    fclose(file);
}

static int64_t number(const char *text)
{
    int64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (*text - '0');
    return value;
}

static const struct option names[] = {
    {"port", 1, NULL, 'p'},    {"plain", 0, NULL, 'P'},  {"connections", 1, NULL, 'c'},
    {"seconds", 1, NULL, 's'}, {"count", 1, NULL, 'n'},  {"method", 1, NULL, 'm'},
    {"path", 1, NULL, 'u'},    {"paths", 1, NULL, 'U'},  {"bodies", 1, NULL, 'b'},
    {"base64", 0, NULL, '6'},  {"type", 1, NULL, 't'},   {"token", 1, NULL, 'a'},
    {"ca", 1, NULL, 'C'},      {"expect", 1, NULL, 'e'}, {NULL, 0, NULL, 0}};

static const char **text_option(int option)
{
    static const char *bodies;
    switch (option) {
    case 'm':
        return &options.method;
    case 't':
        return &options.type;
    case 'a':
        return &options.token;
    case 'C':
        return &options.ca;
    default:
        return &bodies;
    }
}

static bool set_option(int option)
{
    switch (option) {
    case 'p':
        options.port = (uint16_t)number(optarg);
        return true;
    case 'P':
        return options.plain = true;
    case '6':
        return options.base64 = true;
    case 'c':
        options.connections = (int)number(optarg);
        return true;
    case 's':
        options.seconds = (int)number(optarg);
        return true;
    case 'n':
        options.count = number(optarg);
        return true;
    case 'e':
        options.expect = (int)number(optarg);
        return true;
    case 'u':
        add_line(&options.paths, &options.path_count, optarg, strlen(optarg));
        return true;
    case 'U':
        read_lines(optarg, false, &options.paths, &options.path_count);
        return true;
    default:
        *text_option(option) = optarg;
        return option != '?';
    }
}

static void read_options(int argc, char **argv)
{
    options = (struct options){
        .connections = 32, .expect = 200, .method = "GET", .type = "application/json"};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!set_option(option))
            exit(64);
    if (*text_option('b'))
        read_lines(*text_option('b'), options.base64, &options.bodies, &options.body_count);
    if (!options.port || !options.path_count || (!options.seconds && !options.count) ||
        options.connections < 1 || options.connections > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: load --port N --path P (--seconds N | --count N) [options]\n");
        exit(64);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(int64_t elapsed_us)
{
    long long done = atomic_load(&done_count);
    size_t n = done > SAMPLES_MAX ? SAMPLES_MAX : (size_t)done;
    qsort(samples, n, sizeof(*samples), by_value);
    double seconds = (double)elapsed_us / 1e6;
    printf("{\"count\": %lld, \"seconds\": %.3f, \"rate\": %.1f, \"p50_us\": %u, \"p99_us\": %u, "
           "\"max_us\": %u, "
           "\"errors\": %lld, \"last_bad_status\": %d}\n",
           done, seconds, (double)done / seconds, n ? samples[n / 2] : 0,
           n ? samples[n * 99 / 100] : 0, n ? samples[n - 1] : 0, atomic_load(&error_count),
           atomic_load(&last_bad_status));
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    if (!options.plain) {
        context = SSL_CTX_new(TLS_client_method());
        if (!context ||
            (options.ca && SSL_CTX_load_verify_locations(context, options.ca, NULL) != 1))
            die("TLS");
        SSL_CTX_set_verify(context, options.ca ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    }
    samples = malloc(SAMPLES_MAX * sizeof(*samples));
    pthread_t threads[CONNECTIONS_MAX];
    if (!samples)
        die("memory");
    int64_t start = now_us();
    for (int i = 0; i < options.connections; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            die("thread");
    if (options.seconds && !options.count) {
        sleep((unsigned)options.seconds);
        atomic_store(&stopping, true);
    }
    int64_t end = options.count ? 0 : now_us();
    for (int i = 0; i < options.connections; i++)
        pthread_join(threads[i], NULL);
    report((end ? end : now_us()) - start);
    return atomic_load(&done_count) > 0 ? 0 : 1;
}
