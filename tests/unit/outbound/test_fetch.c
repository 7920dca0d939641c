/* Against a real server of our own on loopback: one thread, one canned answer a path. */
#include "tests/lib/test.h"
#include "outbound/fetch.h"

#include "base/cleanup.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

static int listener = -1;
static uint16_t port;

static void answer(int fd, const char *request)
{
    char text[512] = "";
    int n = 0;
    if (strncmp(request, "GET /hello ", 11) == 0)
        n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    else if (strncmp(request, "GET /loop ", 10) == 0)
        n = snprintf(text, sizeof(text),
                     "HTTP/1.1 302 F\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
    else if (strncmp(request, "GET /once ", 10) == 0)
        n = snprintf(text, sizeof(text),
                     "HTTP/1.1 302 F\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n");
    else if (strncmp(request, "GET /file ", 10) == 0)
        n = snprintf(text, sizeof(text),
                     "HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    else if (strncmp(request, "GET /slow ", 10) == 0)
        n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    else if (strncmp(request, "GET /old ", 9) == 0)
        n = snprintf(text, sizeof(text), "no header at all");
    else
        n = snprintf(text, sizeof(text), "HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    if (strncmp(request, "GET /slow ", 10) == 0) { /* until the client gives up */
        char c = 0;
        assert_true(recv(fd, &c, 1, 0) <= 0);
    }
}

static void *serve(void *arg)
{
    for (;;) {
        CX_AUTO_CLOSE int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return arg;
        char request[2048] = "";
        if (recv(fd, request, sizeof(request) - 1, 0) > 0)
            answer(fd, request);
    }
}

static cx_err get(const char *path, bool allow_private, size_t body_max, struct cx_diag *diag,
                  uint16_t *ret_status, struct cx_buf *body)
{
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    const struct address_policy policy = {.allow_private = allow_private};
    const struct fetch fetch = {
        .url = cx_str_from(url), .body_max = body_max, .timeout_ms = 500, .policy = &policy};
    return fetch_run(&fetch, diag, ret_status, body);
}

static void assert_refused(const char *path, bool allow_private, enum cx_category code,
                           const char *rule)
{
    struct cx_diag diag = CX_DIAG_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(64);
    uint16_t status = 0;
    assert_int_equal(get(path, allow_private, 4, &diag, &status, &body).code, code);
    assert_string_equal(diag.rule, rule);
    assert_int_equal(status, 0);
}

static void test_an_answer_arrives(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(64);
    uint16_t status = 0;
    assert_ok(get("/hello", true, 64, NULL, &status, &body));
    assert_int_equal(status, 200);
    assert_bytes(cx_buf_view(&body), "hello", 5);
    cx_buf_reset(&body);
    assert_ok(get("/once", true, 64, NULL, &status, &body));
    assert_bytes(cx_buf_view(&body), "hello", 5);
    assert_ok(get("/nothing", true, 64, NULL, &status, &body));
    assert_int_equal(status, 404);
}

static void test_limits_are_kept(void **state)
{
    (void)state;
    assert_refused("/hello", true, CX_E_LIMIT, "outbound-size");
    assert_refused("/loop", true, CX_E_IO, "outbound");
    assert_refused("/slow", true, CX_E_IO, "outbound");
    assert_refused("/old", true, CX_E_POLICY, "outbound-scheme"); /* HTTP/0.9 */
}

static void test_private_addresses_are_refused_unless_allowed(void **state)
{
    (void)state;
    assert_refused("/hello", false, CX_E_POLICY, "outbound-address");
}

static void test_redirects_do_not_leave_http(void **state)
{
    (void)state;
    assert_refused("/file", true, CX_E_POLICY, "outbound-scheme");
}

static void assert_url_refused(const char *url, enum cx_category code)
{
    const struct address_policy policy = {.allow_private = true};
    const struct fetch fetch = {
        .url = cx_str_from(url), .body_max = 64, .timeout_ms = 500, .policy = &policy};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(64);
    uint16_t status = 0;
    assert_int_equal(fetch_run(&fetch, NULL, &status, &body).code, code);
}

static void test_urls_that_are_not_web_are_refused(void **state)
{
    (void)state;
    assert_url_refused("file:///etc/passwd", CX_E_POLICY);
    assert_url_refused("gopher://127.0.0.1/", CX_E_POLICY);
    assert_url_refused("ldap://127.0.0.1/", CX_E_POLICY);
    assert_url_refused("http://user:password@127.0.0.1/", CX_E_POLICY);
    assert_url_refused("", CX_E_PARSE);
    assert_url_refused("http://", CX_E_PARSE);
    assert_url_refused("not a url", CX_E_PARSE);
}

static void test_an_exchange_is_https_only(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/hello", port);
    const struct address_policy policy = {.allow_private = true};
    struct cx_diag diag = CX_DIAG_INIT;
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(64);
    struct fetch fetch = {.url = cx_str_from(url),
                          .body_max = 64,
                          .timeout_ms = 500,
                          .policy = &policy,
                          .authorization = CX_STR("Basic eDp5")};
    uint16_t status = 0;
    assert_ok(fetch_run(&fetch, &diag, &status, &body));
    fetch.secure = true;
    assert_int_equal(fetch_run(&fetch, &diag, &status, &body).code, CX_E_POLICY);
    assert_string_equal(diag.rule, "outbound-scheme");
    fetch.authorization = CX_STR("Basic x\r\nHost: elsewhere");
    fetch.secure = false;
    assert_int_equal(fetch_run(&fetch, &diag, &status, &body).code, CX_E_PARSE);
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    pthread_t thread;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, len) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        cx_failed(fetch_init()) || pthread_create(&thread, NULL, serve, NULL) != 0)
        return -1;
    pthread_detach(thread); /* ends with the process */
    port = ntohs(address.sin_port);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_arrives),
        cmocka_unit_test(test_limits_are_kept),
        cmocka_unit_test(test_private_addresses_are_refused_unless_allowed),
        cmocka_unit_test(test_redirects_do_not_leave_http),
        cmocka_unit_test(test_urls_that_are_not_web_are_refused),
        cmocka_unit_test(test_an_exchange_is_https_only),
    };
    return cmocka_run_group_tests_name("outbound/fetch", tests, set_up, NULL);
}
