/* The client and the server against each other over a real socketpair. */
#include "tests/lib/test.h"
#include "ipc/client.h"
#include "ipc/server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ipc/frame.h"
#include "os/socket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { THREADS = 8, CALLS = 50 };

/* body_max doubles as the answer's status; timeout_ms is slept. */
static cx_err on_fetch(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    atomic_int *handled = arg;
    struct ipc_outbound_fetch fetch = {.url = CX_STR_NONE};
    CX_TRY(ipc_outbound_fetch_parse(request->payload, request->arena, &fetch));
    const struct timespec pause = {fetch.timeout_ms / 1000, (fetch.timeout_ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    atomic_fetch_add(handled, 1);
    if (cx_str_is(fetch.url, "refuse"))
        return cx_refuse(&reply->diag, CX_ERR(POLICY), "url", "some-rule", "not this one");
    const struct ipc_outbound_fetched fetched = {(uint16_t)fetch.body_max, cx_str_bytes(fetch.url)};
    reply->number = IPC_OUTBOUND_FETCHED;
    return ipc_outbound_fetched_write(&reply->body, &fetched);
}

static const struct ipc_route routes[] = {{IPC_OUTBOUND_FETCH, on_fetch}};

struct bench {
    atomic_int handled;
    struct ipc_server *server;
    struct ipc_client *client;
};

static void bench_open(struct bench *bench, unsigned queue_max, unsigned in_flight_max)
{
    int fds[2];
    assert_ok(os_socketpair(fds));
    const struct ipc_server_options server = {.fd = fds[1],
                                              .direction = IPC_CORE_TO_OUTBOUND,
                                              .routes = routes,
                                              .route_count = 1,
                                              .arg = &bench->handled,
                                              .state = IPC_STATE_SERVING,
                                              .worker_count = 2,
                                              .queue_max = queue_max};
    const struct ipc_client_options client = {
        .fd = fds[0], .direction = IPC_OUTBOUND_TO_CORE, .in_flight_max = in_flight_max};
    assert_ok(ipc_server_new(&server, &bench->server));
    assert_ok(ipc_client_new(&client, &bench->client));
}

static void bench_close(struct bench *bench)
{
    ipc_client_free(bench->client);
    ipc_server_free(bench->server);
}

static cx_err fetch(struct bench *bench, const char *url, uint32_t number, uint32_t sleep_ms,
                    int64_t timeout_us, struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(4096);
    CX_CLEANUP(cx_buf_clear) struct cx_buf answer = CX_BUF_INIT(0);
    const struct ipc_outbound_fetch request = {cx_str_from(url), number, sleep_ms};
    CX_TRY(ipc_outbound_fetch_write(&body, &request));
    const struct ipc_call call = {IPC_OUTBOUND_FETCH, IPC_OUTBOUND_FETCHED, cx_buf_view(&body),
                                  timeout_us};
    CX_TRY(ipc_client_call(bench->client, &call, diag, &answer));
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4096);
    struct ipc_outbound_fetched fetched = {0};
    CX_TRY(ipc_outbound_fetched_parse(cx_buf_view(&answer), &arena, &fetched));
    return fetched.status == number ? CX_OK : CX_ERR(INTERNAL); /* somebody else's reply */
}

static void *call_often(void *arg)
{
    struct bench *bench = arg;
    static atomic_uint counter;
    intptr_t failures = 0;
    for (int i = 0; i < CALLS; i++)
        failures += cx_failed(
            fetch(bench, "x", atomic_fetch_add(&counter, 1) % 599, 0, 10 * CX_US_PER_S, NULL));
    return (void *)failures;
}

static void test_many_threads_get_their_own_replies(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &bench), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(bench.handled, THREADS * CALLS);
    bench_close(&bench);
}

static void test_a_refusal_arrives_with_its_reason(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 0);
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(fetch(&bench, "refuse", 200, 0, CX_US_PER_S, &diag), POLICY);
    assert_string_equal(diag.field, "url");
    assert_string_equal(diag.rule, "some-rule");
    assert_string_equal(diag.text, "not this one");
    assert_err(fetch(&bench, "refuse", 200, 0, CX_US_PER_S, NULL), POLICY);
    bench_close(&bench);
}

static void test_a_late_reply_is_dropped_and_the_channel_lives(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 0);
    assert_err(fetch(&bench, "x", 200, 200, CX_US_PER_S / 20, NULL), IO);
    assert_ok(fetch(&bench, "x", 201, 300, 5 * CX_US_PER_S, NULL));
    assert_true(ipc_client_is_connected(bench.client));
    bench_close(&bench);
}

struct timed_call {
    struct bench *bench;
    cx_err err;
};

static void *call_slowly(void *arg)
{
    struct timed_call *call = arg;
    call->err = fetch(call->bench, "x", 200, 300, 5 * CX_US_PER_S, NULL);
    return NULL;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static void test_too_many_at_once_are_busy(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 1);
    struct timed_call slow = {&bench, CX_OK};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_slowly, &slow), 0);
    pause_ms(50);
    assert_err(fetch(&bench, "x", 200, 0, CX_US_PER_S, NULL), BUSY);
    pthread_join(thread, NULL);
    assert_ok(slow.err);
    bench_close(&bench);
}

static void test_a_full_queue_answers_busy(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 1, 0);
    struct timed_call slow[3] = {{&bench, CX_OK}, {&bench, CX_OK}, {&bench, CX_OK}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) { /* two at work, one waiting */
        assert_int_equal(pthread_create(&threads[i], NULL, call_slowly, &slow[i]), 0);
        pause_ms(40);
    }
    assert_err(fetch(&bench, "x", 200, 0, 5 * CX_US_PER_S, NULL), BUSY);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_ok(slow[i].err);
    }
    assert_int_equal(bench.handled, 3);
    bench_close(&bench);
}

static void test_peer_death_fails_calls_and_a_new_channel_heals(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 0);
    struct timed_call slow = {&bench, CX_OK};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_slowly, &slow), 0);
    pause_ms(50);
    int fds[2];
    assert_ok(os_socketpair(fds));
    ipc_server_replace(bench.server, fds[1]); /* the old socket goes down under the call */
    pthread_join(thread, NULL);
    assert_err(slow.err, IO);
    assert_err(fetch(&bench, "x", 200, 0, CX_US_PER_S, NULL), BUSY); /* not connected */
    ipc_client_reconnect(bench.client, fds[0]);
    assert_ok(fetch(&bench, "x", 202, 0, 5 * CX_US_PER_S, NULL));
    bench_close(&bench);
}

static void test_a_failed_send_closes_the_channel_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) { /* before and after the reader has noticed */
        int fds[2];
        struct bench bench = {0};
        assert_ok(os_socketpair(fds));
        const struct ipc_client_options options = {.fd = fds[0], .direction = IPC_OUTBOUND_TO_CORE};
        assert_ok(ipc_client_new(&options, &bench.client));
        close(fds[1]);
        cx_err first = fetch(&bench, "x", 200, 0, CX_US_PER_S, NULL);
        assert_true(first.code == CX_E_IO || first.code == CX_E_BUSY);
        assert_err(fetch(&bench, "x", 200, 0, CX_US_PER_S, NULL), BUSY);
        ipc_client_free(bench.client);
    }
}

/* A raw end against a server: one frame, then whether the server hung up. */
static void assert_dropped(uint16_t number, struct cx_bytes payload)
{
    int fds[2];
    assert_ok(os_socketpair(fds));
    atomic_int handled = 0;
    struct ipc_server *server = NULL;
    const struct ipc_server_options options = {.fd = fds[1],
                                               .direction = IPC_CORE_TO_OUTBOUND,
                                               .routes = routes,
                                               .route_count = 1,
                                               .arg = &handled,
                                               .state = IPC_STATE_SERVING};
    assert_ok(ipc_server_new(&options, &server));
    assert_ok(ipc_frame_write(fds[0], number, 1, payload, -1));
    char c = 0;
    assert_int_equal(recv(fds[0], &c, 1, 0), 0);
    ipc_server_wait_closed(server);
    assert_int_equal(ipc_server_violations(server), 1);
    assert_int_equal(handled, 0);
    ipc_server_free(server);
    close(fds[0]);
}

static void test_a_peer_outside_the_table_is_dropped(void **state)
{
    (void)state;
    assert_dropped(IPC_OUTBOUND_PING, CX_BYTES_NONE); /* allowed by the schema, not in the table */
    assert_dropped(IPC_REPLY_OK, CX_BYTES_NONE);      /* a reply is no request */
    assert_dropped(IPC_KEYS_GET_STATUS, CX_BYTES_NONE); /* another role's message */
}

static void test_malformed_payload_is_an_error_reply(void **state)
{
    (void)state;
    struct bench bench = {0};
    bench_open(&bench, 0, 0);
    CX_CLEANUP(cx_buf_clear) struct cx_buf answer = CX_BUF_INIT(0);
    const struct ipc_call call = {IPC_OUTBOUND_FETCH, IPC_OUTBOUND_FETCHED, CX_BYTES("\1\0\0", 3),
                                  5 * CX_US_PER_S};
    assert_err(ipc_client_call(bench.client, &call, NULL, &answer), PARSE);
    assert_ok(fetch(&bench, "x", 200, 0, CX_US_PER_S, NULL));
    bench_close(&bench);
}

/* A server that answers with the wrong message, or to a request never made. */
static void assert_client_cuts(uint16_t number, uint64_t id_offset)
{
    int fds[2];
    assert_ok(os_socketpair(fds));
    struct bench bench = {0};
    const struct ipc_client_options options = {.fd = fds[0], .direction = IPC_OUTBOUND_TO_CORE};
    assert_ok(ipc_client_new(&options, &bench.client));
    struct timed_call slow = {&bench, CX_OK};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_slowly, &slow), 0);
    const struct ipc_rules rules = {IPC_CORE_TO_OUTBOUND, IPC_STATE_SERVING};
    struct ipc_frame frame = IPC_FRAME_INIT;
    assert_ok(ipc_frame_read(fds[1], &rules, 5 * CX_US_PER_S, &frame));
    assert_ok(ipc_frame_write(fds[1], number, frame.request_id + id_offset, CX_BYTES_NONE, -1));
    pthread_join(thread, NULL);
    assert_err(slow.err, IO);
    assert_false(ipc_client_is_connected(bench.client));
    ipc_frame_clear(&frame);
    ipc_client_free(bench.client);
    close(fds[1]);
}

static void test_a_server_that_answers_out_of_turn_is_cut_off(void **state)
{
    (void)state;
    assert_client_cuts(IPC_REPLY_OK, 0);    /* not the reply that was asked for */
    assert_client_cuts(IPC_REPLY_OK, 1000); /* a request id never given out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads_get_their_own_replies),
        cmocka_unit_test(test_a_refusal_arrives_with_its_reason),
        cmocka_unit_test(test_a_late_reply_is_dropped_and_the_channel_lives),
        cmocka_unit_test(test_too_many_at_once_are_busy),
        cmocka_unit_test(test_a_full_queue_answers_busy),
        cmocka_unit_test(test_peer_death_fails_calls_and_a_new_channel_heals),
        cmocka_unit_test(test_a_failed_send_closes_the_channel_at_once),
        cmocka_unit_test(test_a_peer_outside_the_table_is_dropped),
        cmocka_unit_test(test_malformed_payload_is_an_error_reply),
        cmocka_unit_test(test_a_server_that_answers_out_of_turn_is_cut_off),
    };
    return cmocka_run_group_tests_name("ipc/channel", tests, NULL, NULL);
}
