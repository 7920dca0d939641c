#include "outbound/reach.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>

enum { PER_FAMILY = 2, CANDIDATES_MAX = 2 * PER_FAMILY };
#define ATTEMPT_MAX_US (5 * CX_US_PER_S)

struct candidates {
    struct address items[CANDIDATES_MAX];
    size_t count;
    struct address refused; /* by the policy; len 0 = none */
};

static void add_candidate(const struct look *look, struct address address, struct candidates *list)
{
    if (address_policy_allows(&look->set->policy, &address.any, address.len))
        list->items[list->count++] = address;
    else
        list->refused = address;
}

struct family {
    enum dns_type type;
    size_t octets;
    struct dns_answer answer;
    struct observation seen;
};

static cx_err look_up_family(const struct look *look, const struct reach_host *host,
                             struct family *family, struct candidates *list)
{
    bool usable = false;
    size_t limit = list->count + PER_FAMILY;
    CX_TRY(observe_lookup(look, host->name, family->type, &family->seen, &family->answer, &usable));
    for (size_t i = 0; usable && i < family->answer.count && list->count < limit; i++)
        if (family->answer.records[i].len == family->octets)
            add_candidate(look, address_from_octets(family->answer.records[i], host->port), list);
    return CX_OK;
}

/* A lookup that failed does not matter when the other family has an address; a forged one always does. */
static void judge_lookups(const struct reach_host *host, const struct family *families,
                          const struct candidates *list, struct observation *seen)
{
    bool found = list->count > 0 || list->refused.len > 0;
    for (int i = 0; i < 2; i++) {
        const struct family *family = &families[i];
        seen->asked_dns = true;
        seen->unproven = seen->unproven || family->seen.unproven;
        if (family->answer.status == DNS_BOGUS ||
            (!found && family->seen.problem != OUTBOUND_VALID))
            observe_problem(seen, family->seen.problem, "%s", family->seen.text);
    }
    if (!found)
        observe_problem(seen, OUTBOUND_DNS, "%.*s has no address: neither AAAA nor A records",
                        CX_STR_ARG(host->name));
}

static cx_err resolve(const struct look *look, const struct reach_host *host,
                      struct observation *seen, struct candidates *list)
{
    struct family families[2] = {{.type = DNS_AAAA, .octets = 16}, {.type = DNS_A, .octets = 4}};
    cx_err err = look_up_family(look, host, &families[0], list);
    if (cx_is_ok(err))
        err = look_up_family(look, host, &families[1], list);
    if (cx_is_ok(err))
        judge_lookups(host, families, list, seen);
    dns_answer_clear(&families[0].answer);
    dns_answer_clear(&families[1].answer);
    return err;
}

static cx_err find_candidates(const struct look *look, const struct reach_host *host,
                              struct observation *seen, struct candidates *list)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address = {.len = 0};
    if (!host->is_ip)
        CX_TRY(resolve(look, host, seen, list));
    else if (cx_is_ok(address_parse(host->name, host->port, &address)))
        add_candidate(look, address, list);
    if (list->count > 0)
        return CX_OK;
    address_format(&list->refused, text);
    observe_problem(seen, OUTBOUND_REJECTED_IDENTIFIER,
                    "%.*s leads to %s, which policy does not let this CA connect to",
                    CX_STR_ARG(host->name), text);
    return CX_OK;
}

/* 0 when connected; an errno otherwise. */
static int finish_connect(int fd, int64_t deadline_us)
{
    int error = 0;
    socklen_t len = sizeof(error);
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLOUT};
        int64_t left_us = deadline_us - cx_monotonic_us();
        if (left_us <= 0)
            return ETIMEDOUT;
        int n = poll(&poller, 1, (int)(left_us / 1000) + 1);
        if (n > 0)
            break;
        if (n < 0 && errno != EINTR)
            return errno;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static int connect_one(const struct look *look, const struct address *address, int64_t deadline_us,
                       int *ret_fd)
{
    const struct address *source = &look->from->source;
    CX_AUTO_CLOSE int fd =
        socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (source->len > 0 && source->any.sa_family != address->any.sa_family)
        return EAFNOSUPPORT; /* never from another address than the perspective's */
    if (source->len > 0 && bind(fd, &source->any, source->len) < 0)
        return errno;
    if (connect(fd, &address->any, address->len) < 0) {
        int error = errno == EINPROGRESS ? finish_connect(fd, deadline_us) : errno;
        if (error != 0)
            return error;
    }
    *ret_fd = CX_TAKE_FD(fd);
    return 0;
}

cx_err reach_connect(const struct look *look, const struct reach_host *host,
                     struct observation *seen, struct address *ret_address, int *ret_fd)
{
    struct candidates list = {.count = 0};
    char text[ADDRESS_TEXT_MAX] = "";
    int error = 0;
    *ret_fd = -1;
    CX_TRY(find_candidates(look, host, seen, &list));
    for (size_t i = 0; i < list.count && seen->problem == OUTBOUND_VALID; i++) {
        /* A silent first address must leave time for the next. */
        int64_t now_us = cx_monotonic_us();
        int64_t share_us = (look->deadline_us - now_us) / (int64_t)(list.count - i);
        int64_t until_us = now_us + (share_us < ATTEMPT_MAX_US ? share_us : ATTEMPT_MAX_US);
        observe_address(seen, &list.items[i]);
        error = connect_one(look, &list.items[i], until_us, ret_fd);
        if (error == 0) {
            *ret_address = list.items[i];
            return CX_OK;
        }
    }
    if (list.count > 0)
        address_format(&list.items[list.count - 1], text);
    observe_problem(seen, OUTBOUND_CONNECTION, "%s port %u: %s", text, host->port,
                    strerrordesc_np(error));
    return CX_OK;
}
