/* What a web server answers to http-01: read by the real reader over a socket pair, judged, and its redirect followed
 * on paper. */
#include "tests/fuzz/fuzz.h"
#include "base/clock.h"
#include "outbound/challenge.h"
#include "outbound/fetch.h"
#include "outbound/request.h"

#include <sys/socket.h>
#include <unistd.h>

static const struct web_rules rules = {80, 443, false};

static void follow(const struct web_target *from, struct cx_str location)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct web_target next = {.port = 0};
    cx_err err = web_target_next(from, location, &rules, &diag, &next);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(next.port == 0);
        return;
    }
    FUZZ_REQUIRE(next.port == 80 || next.port == 443);
    FUZZ_REQUIRE(!next.is_ip && request_name_valid(cx_str_from(next.host)));
    FUZZ_REQUIRE(next.path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static struct web_answer answer;
    struct observation seen = {.problem = OUTBOUND_VALID};
    struct cx_diag diag = CX_DIAG_INIT;
    struct web_target target;
    int fds[2];
    if (!ready)
        FUZZ_REQUIRE(cx_is_ok(fetch_init()));
    ready = true;
    if (size > 32768) /* fits a socket's buffer */
        return 0;
    FUZZ_REQUIRE(
        cx_is_ok(web_target_first(CX_STR("a.example.org"), false, CX_STR("tok"), &rules, &target)));
    follow(&target, CX_STR("/"));
    FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    FUZZ_REQUIRE(send(fds[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    FUZZ_REQUIRE(shutdown(fds[1], SHUT_WR) == 0);
    cx_err err = web_get(fds[0], &target, cx_monotonic_us() + 200000, &diag, &answer);
    close(fds[1]);
    FUZZ_REQUIRE(answer.body_len <= WEB_BODY_MAX && strlen(answer.location) <= WEB_PATH_MAX);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(diag.text[0] != '\0');
        return 0;
    }
    FUZZ_REQUIRE(answer.status >= 200 && answer.status <= 599);
    challenge_http_judge(&answer, CX_STR("tok.x"), true, &seen);
    FUZZ_REQUIRE((seen.problem == OUTBOUND_VALID) == (seen.text[0] == '\0'));
    for (const char *c = seen.text; *c != '\0'; c++)
        FUZZ_REQUIRE(*c >= 0x20 && *c <= 0x7e);
    if (answer.location_count > 0)
        follow(&target, cx_str_from(answer.location));
    return 0;
}
