/* The request as core's stub sends it and outbound's handler reads it: over a real channel. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "outbound/client.h"
#include "outbound/request.h"
#include "outbound/validate_handlers.h"

#include <sys/socket.h>

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {
        "example.org",   "a",          "localhost",       "xn--bcher-kva.example",
        "_acme.example", "1.example",  "0x7f.example",    "a-b.c3",
        "dead.beef",     "10.0.0.1.x", "1e1.example.com1"};
    static const char *const bad[] = {"",
                                      ".",
                                      "example.org.",
                                      ".example.org",
                                      "a..b",
                                      "Example.org",
                                      "*.example.org",
                                      "-a.example",
                                      "a-.example",
                                      "a b.example",
                                      "a/b",
                                      "a@b",
                                      "user:pw@a",
                                      "127.0.0.1",
                                      "2130706433",
                                      "0x7f000001",
                                      "0x7f.1",
                                      "0177.0.0.1",
                                      "127.1",
                                      "a.0x",
                                      "a.1",
                                      "::1",
                                      "[::1]",
                                      "b\xc3\xbc"
                                      "cher.example"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!request_name_valid(cx_str_from(good[i])))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (request_name_valid(cx_str_from(bad[i])))
            fail_msg("%s is accepted", bad[i]);
}

static void test_addresses_have_one_spelling(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1", "192.0.2.7", "::1", "2001:db8::1", "::"};
    static const char *const bad[] = {"",           "127.1",     "2130706433",      "0x7f000001",
                                      "127.0.0.01", "1.2.3.4 ",  "2001:DB8::1",     "2001:db8:0::1",
                                      "[::1]",      "fe80::1%1", "0:0:0:0:0:0:0:1", "example.org"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!request_address_valid(cx_str_from(good[i])))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (request_address_valid(cx_str_from(bad[i])))
            fail_msg("%s is accepted", bad[i]);
}

struct wire {
    struct ipc_server *server;
    struct outbound_client *client;
};

static void open_wire(struct wire *wire)
{
    static const struct ipc_route routes[] = {{IPC_OUTBOUND_VALIDATE, on_outbound_validate},
                                              {IPC_OUTBOUND_CHECK_CAA, on_outbound_check_caa}};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    const struct ipc_server_options options = {.fd = fds[1],
                                               .direction = IPC_CORE_TO_OUTBOUND,
                                               .routes = routes,
                                               .route_count = 2,
                                               .state = IPC_STATE_SERVING};
    assert_ok(ipc_server_new(&options, &wire->server));
    assert_ok(outbound_client_new(fds[0], &wire->client));
}

static void close_wire(struct wire *wire)
{
    outbound_client_free(wire->client);
    ipc_server_free(wire->server);
}

static struct outbound_validation good_request(void)
{
    return (struct outbound_validation){.kind = OUTBOUND_HTTP_01,
                                        .name = CX_STR("www.example.org"),
                                        .token = CX_STR("abc"),
                                        .key_authorization = CX_STR("abc.def"),
                                        .account_url = CX_STR(""),
                                        .timeout_ms = 1000};
}

static void assert_refused(struct wire *wire, const struct outbound_validation *request,
                           const char *field)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(16384);
    struct cx_diag diag = CX_DIAG_INIT;
    struct outbound_verdict verdict = {.problem = OUTBOUND_VALID};
    assert_err(outbound_validate(wire->client, request, &arena, &diag, &verdict), PARSE);
    assert_string_equal(diag.field, field);
}

static void test_a_request_that_breaks_the_rules_is_refused_by_field(void **state)
{
    (void)state;
    struct wire wire = {0};
    open_wire(&wire);
    struct outbound_validation request = good_request();
    request.name = CX_STR("0x7f000001");
    assert_refused(&wire, &request, "name");
    request = good_request();
    request.token = CX_STR("../../etc");
    assert_refused(&wire, &request, "token");
    request = good_request();
    request.key_authorization = CX_STR("abc:def");
    assert_refused(&wire, &request, "key_authorization");
    request = good_request();
    request.account_url = CX_STR("https://ca.example/acct/1");
    assert_refused(&wire, &request, "account_url");
    request = good_request();
    request.timeout_ms = 0;
    assert_refused(&wire, &request, "timeout_ms");
    request = good_request();
    request.kind = OUTBOUND_DNS_01;
    request.is_ip = true;
    request.name = CX_STR("192.0.2.1");
    assert_refused(&wire, &request, "kind");
    close_wire(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_addresses_have_one_spelling),
        cmocka_unit_test(test_a_request_that_breaks_the_rules_is_refused_by_field),
    };
    return cmocka_run_group_tests_name("outbound/request", tests, NULL, NULL);
}
