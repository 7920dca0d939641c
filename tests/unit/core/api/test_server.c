/* The servers over real sockets: peers, identity headers, body limits, streams, draining. */
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "core/api/server.h"
#include "os/socket.h"
#include "stand.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    char folder[64], path[96];
    struct api_server *server;
};

static void start(struct fixture *fixture, bool gate, uid_t peer)
{
    int fd = -1;
    assert_ok(os_unix_listen(fixture->path, 0600, (uid_t)-1, (gid_t)-1, &fd));
    struct api_server_options options = {.core = &stand.core,
                                         .table = &stand.table,
                                         .listen_fd = fd,
                                         .gate = gate,
                                         .peers = {peer},
                                         .peer_count = 1};
    assert_ok(api_server_start(&options, NULL, &fixture->server));
}

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/cx-server-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/s", fixture->folder);
    stand_init();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    api_server_stop(fixture->server);
    unlink(fixture->path);
    rmdir(fixture->folder);
    test_free(fixture);
    return 0;
}

/* Sends the text and reads until the server closes or stays silent after a complete head. */
static void talk(const struct fixture *fixture, const char *text, size_t len, char *answer,
                 size_t max)
{
    CX_AUTO_CLOSE int fd = -1;
    size_t got = 0;
    assert_ok(os_unix_connect(fixture->path, &fd));
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (got + 1 < max && poll(&readable, 1, 3000) == 1) {
        ssize_t n = recv(fd, answer + got, max - 1 - got, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    answer[got] = '\0';
}

#define ASK(fixture, text, answer) talk(fixture, text, sizeof(text) - 1, answer, sizeof(answer))
#define HEAD(line)                                                                                 \
    line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer admin\r\n"

static void assert_has(const char *answer, const char *fragment)
{
    if (!strstr(answer, fragment))
        fail_msg("no '%s' in: %s", fragment, answer);
}

static void answers_and_headers(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096];
    start(fixture, false, geteuid());
    ASK(fixture, HEAD("GET /v1/users?limit=3") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 200");
    assert_has(answer, "X-Request-Id: cal_");
    assert_has(answer, "Cache-Control: no-store");
    assert_has(answer, "Content-Type: application/json");
    assert_has(answer, "{\"items\":[]}");
    ASK(fixture, HEAD("HEAD /v1/users") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 200");
    assert_null(strstr(answer, "items"));
    ASK(fixture, HEAD("PUT /v1/users") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 405");
    assert_has(answer, "Allow: GET, POST");
    ASK(fixture, "GET /v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer);
    assert_has(answer, "HTTP/1.1 401");
    assert_has(answer, "WWW-Authenticate: Bearer");
    assert_has(answer, "Content-Type: application/problem+json");
}

static void the_query_arrives_undecoded(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096];
    start(fixture, false, geteuid());
    ASK(fixture, HEAD("GET /v1/users?li%6Dit=3") "\r\n",
        answer); /* decoded once, by the contract */
    assert_has(answer, "HTTP/1.1 200");
    ASK(fixture, HEAD("GET /v1/users?limit=%253") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 400");
    ASK(fixture, HEAD("GET /v1%2Fusers") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 404");
}

static void bodies(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096], large[8192];
    start(fixture, false, geteuid());
    ASK(fixture,
        HEAD("POST /v1/users") "Content-Type: application/json\r\nContent-Length: 44\r\n\r\n"
                               "{\"display_name\":\"Ada\",\"roles\":[\"auditor\"]  }",
        answer);
    assert_has(answer, "HTTP/1.1 201");
    ASK(fixture,
        HEAD(
            "POST /v1/users") "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "16\r\n{\"display_name\":\"Ada\",\r\n15\r\n\"roles\":[\"auditor\"] "
                              "}\r\n0\r\n\r\n",
        answer);
    assert_has(answer, "HTTP/1.1 201");
    ASK(fixture,
        HEAD("POST /v1/users") "Content-Type: application/json\r\nContent-Length: 4097\r\n\r\n",
        answer);
    assert_has(answer, "HTTP/1.1 413");
    ASK(fixture,
        HEAD("POST /v1/users") "Content-Type: application/json\r\nContent-Length: 4097\r\n"
                               "Expect: 100-continue\r\n\r\n",
        answer);
    assert_null(strstr(answer, "100 Continue"));
    assert_has(answer, "HTTP/1.1 413");
    ASK(fixture,
        HEAD("POST /v1/users") "Content-Type: application/json\r\nContent-Length: 9\r\nExpect: "
                               "tea\r\n\r\n",
        answer);
    assert_has(answer, "HTTP/1.1 417");
    int len =
        snprintf(large, sizeof(large), "%s",
                 HEAD("POST /v1/users") "Content-Type: application/json\r\nTransfer-Encoding: "
                                        "chunked\r\n\r\n1770\r\n");
    memset(large + len, ' ', 6000);
    memcpy(large + len + 6000, "\r\n0\r\n\r\n", 8);
    talk(fixture, large, (size_t)len + 6007, answer, sizeof(answer));
    assert_has(answer, "HTTP/1.1 413");
    assert_int_equal(stand.commits, 2);
}

static void identity_headers_only_from_the_gate(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096];
    start(fixture, false, geteuid());
    ASK(fixture, HEAD("GET /v1/users") "X-CX-Address: 192.0.2.1\r\n\r\n", answer);
    assert_has(answer, "HTTP/1.1 400");
    ASK(fixture, HEAD("GET /v1/users") "x-cx-client-cert: \r\n\r\n", answer);
    assert_has(answer, "HTTP/1.1 400");
    assert_int_equal(stand.calls, 0);
    api_server_stop(fixture->server);
    fixture->server = NULL;
    start(fixture, true, geteuid());
    ASK(fixture, HEAD("GET /v1/users") "X-CX-Address: 192.0.2.1\r\n\r\n", answer);
    assert_has(answer, "HTTP/1.1 200");
    ASK(fixture, HEAD("GET /v1/users") "X-CX-Address: nonsense\r\n\r\n", answer);
    assert_has(answer, "HTTP/1.1 400");
}

static void strangers_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096];
    start(fixture, false, geteuid() + 1);
    ASK(fixture, HEAD("GET /v1/users") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 403");
    assert_int_equal(stand.calls, 0);
}

static void streams(void **state)
{
    struct fixture *fixture = *state;
    char answer[8192];
    start(fixture, false, geteuid());
    stand.stream_count = 3;
    ASK(fixture, HEAD("GET /v1/audit/export") "\r\n", answer);
    assert_has(answer, "Content-Disposition: attachment; filename=\"audit.ndjson\"");
    assert_has(answer, "\r\n0\r\n");
    stand.stream_count = 3;
    stand.stream_breaks = true;
    ASK(fixture, HEAD("GET /v1/audit/export") "\r\n", answer);
    assert_has(answer, "{\"piece\":1}");
    assert_null(
        strstr(answer, "\r\n0\r\n")); /* cut, not ended: the client knows that it has a part */
}

static void garbage_is_survived(void **state)
{
    struct fixture *fixture = *state;
    char answer[4096];
    start(fixture, false, geteuid());
    ASK(fixture, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", answer);
    ASK(fixture, "GET\r\n\r\n", answer);
    ASK(fixture, "GET /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", answer);
    ASK(fixture, HEAD("GET /v1/users") "\r\n", answer);
    assert_has(answer, "HTTP/1.1 200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_and_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(the_query_arrives_undecoded, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(identity_headers_only_from_the_gate, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(streams, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
