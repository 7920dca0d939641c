/*
 * One thread waits on libunbound's descriptor and hands results over; the askers wait on a condition with
 * their own deadline. libunbound's blocking call knows no time limit. An asker that gives up cancels; when
 * libunbound says that the result is being delivered right now, it waits for that.
 */
#include "outbound/resolver.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unbound.h>

enum { NAME_MAX_OCTETS = 255, CLASS_IN = 1, RCODE_NXDOMAIN = 3 };

struct resolver {
    struct ub_ctx *ctx;
    pthread_t thread;
    bool running;
    int wake_fd;
    pthread_mutex_t lock; /* guards every struct question */
    pthread_cond_t done;
};

struct question {
    struct resolver *resolver;
    bool done;
    int error;
    struct ub_result *result;
};

const char *dns_type_name(enum dns_type type)
{
    switch (type) {
    case DNS_A:
        return "A";
    case DNS_TXT:
        return "TXT";
    case DNS_AAAA:
        return "AAAA";
    case DNS_CAA:
        return "CAA";
    }
    return "";
}

/* ---- set-up ---- */

static const struct {
    const char *name, *value;
} fixed_options[] =
    {
        {"cache-max-ttl:", "1"}, /* a challenge that was published a second ago must be seen */
        {"cache-max-negative-ttl:", "1"},
        {"infra-host-ttl:", "30"},
        {"msg-cache-size:", "1m"},
        {"rrset-cache-size:", "2m"},
        {"key-cache-size:", "1m"},
        {"neg-cache-size:", "0"},
        {"edns-buffer-size:", "1232"}, /* no fragments: they can be forged */
        {"outgoing-range:", "64"},     /* descriptors: role_sandbox.c */
        {"outgoing-num-tcp:", "16"},
        {"do-not-query-localhost:", "no"}, /* a forwarder on this host */
        {"unblock-lan-zones:", "yes"},     /* private CAs name private zones */
        {"insecure-lan-zones:", "yes"},
        {"val-bogus-ttl:", "5"},
};

static cx_err refuse(struct cx_diag *diag, const char *what, int rc)
{
    return cx_refuse(diag, rc == UB_NOMEM ? CX_ERR(NOMEM) : CX_ERR(PARSE), what, "resolver",
                     "%s: %s", what, ub_strerror(rc));
}

static cx_err set_option(struct ub_ctx *ctx, const char *name, const char *value,
                         struct cx_diag *diag)
{
    int rc = ub_ctx_set_option(ctx, name, value);
    return rc == 0 ? CX_OK : refuse(diag, name, rc);
}

/* Calls ub_ctx_add_ta for every line that is not blank or a comment. */
static cx_err add_anchors(struct ub_ctx *ctx, struct cx_str lines, struct cx_diag *diag)
{
    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end != NULL ? (size_t)(end - lines.ptr) : lines.len;
        CX_CLEANUP(cx_buf_clear) struct cx_buf line = CX_BUF_INIT(8192);
        CX_TRY(cx_buf_add(&line, CX_BYTES(lines.ptr, len)));
        CX_TRY(cx_buf_terminate(&line));
        if (len > 0 && lines.ptr[0] != ';') {
            int rc = ub_ctx_add_ta(ctx, (const char *)line.ptr);
            if (rc != 0)
                return refuse(diag, "dns_trust_anchor", rc);
        }
        size_t used = end != NULL ? len + 1 : len;
        lines = (struct cx_str){lines.ptr + used, lines.len - used};
    }
    return CX_OK;
}

static cx_err add_insecure(struct ub_ctx *ctx, struct cx_str zones, struct cx_diag *diag)
{
    for (size_t start = 0, i = 0; i <= zones.len; i++) {
        if (i < zones.len && zones.ptr[i] != ',')
            continue;
        char zone[NAME_MAX_OCTETS + 1] = "";
        if (i > start && i - start <= NAME_MAX_OCTETS) {
            memcpy(zone, zones.ptr + start, i - start);
            CX_TRY(set_option(ctx, "domain-insecure:", zone, diag));
        }
        start = i + 1;
    }
    return CX_OK;
}

/* resolv.conf(5): without the file, the server on this host is asked. */
static cx_err use_system_servers(struct ub_ctx *ctx, struct cx_diag *diag)
{
    int rc = ub_ctx_resolvconf(ctx, NULL);
    if (rc == UB_READFILE)
        rc = ub_ctx_set_fwd(ctx, "127.0.0.1");
    return rc == 0 ? CX_OK : refuse(diag, "/etc/resolv.conf", rc);
}

static cx_err configure(struct ub_ctx *ctx, const struct resolver_options *options,
                        struct cx_diag *diag)
{
    int rc = ub_ctx_debugout(ctx, NULL); /* the reason comes with the answer */
    if (rc == 0)
        rc = ub_ctx_async(ctx, 1); /* a thread, not a process */
    if (rc != 0)
        return refuse(diag, "resolver", rc);
    for (size_t i = 0; i < sizeof(fixed_options) / sizeof(fixed_options[0]); i++)
        CX_TRY(set_option(ctx, fixed_options[i].name, fixed_options[i].value, diag));
    if (options->source != NULL)
        CX_TRY(set_option(ctx, "outgoing-interface:", options->source, diag));
    CX_TRY(add_anchors(ctx, options->trust_anchor, diag));
    CX_TRY(add_insecure(ctx, options->insecure, diag));
    for (size_t i = 0; i < options->server_count; i++)
        if ((rc = ub_ctx_set_fwd(ctx, options->servers[i])) != 0)
            return refuse(diag, "validation_perspectives", rc);
    if (options->server_count == 0 && !options->from_root)
        CX_TRY(use_system_servers(ctx, diag));
    /* Last, because it settles the configuration. RFC 6761 and RFC 8375 reserve these for private use,
     * and libunbound says NXDOMAIN by itself. */
    if ((rc = ub_ctx_zone_remove(ctx, "test.")) != 0 ||
        (rc = ub_ctx_zone_remove(ctx, "home.arpa.")) != 0)
        return refuse(diag, "resolver", rc);
    return CX_OK;
}

/* ---- the thread ---- */

static void *deliver(void *arg)
{
    struct resolver *resolver = arg;
    struct pollfd fds[2] = {{.fd = ub_fd(resolver->ctx), .events = POLLIN},
                            {.fd = resolver->wake_fd, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue; /* EINTR; nothing else can happen to these two */
        if (fds[1].revents != 0)
            return NULL;
        ub_process(resolver->ctx);
    }
}

static void on_result(void *arg, int error, struct ub_result *result)
{
    struct question *question = arg;
    struct resolver *resolver = question->resolver;
    pthread_mutex_lock(&resolver->lock);
    question->error = error;
    question->result = result;
    question->done = true;
    pthread_cond_broadcast(&resolver->done);
    pthread_mutex_unlock(&resolver->lock);
}

cx_err resolver_new(const struct resolver_options *options, struct cx_diag *diag,
                    struct resolver **ret_resolver)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (resolver == NULL)
        return CX_ERR(NOMEM);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&resolver->lock, NULL); /* default attributes do not fail on Linux */
    pthread_cond_init(&resolver->done, &attr);
    pthread_condattr_destroy(&attr);
    resolver->wake_fd = eventfd(0, EFD_CLOEXEC);
    resolver->ctx = ub_ctx_create();
    cx_err err = resolver->ctx == NULL || resolver->wake_fd < 0
                     ? CX_ERR(NOMEM)
                     : configure(resolver->ctx, options, diag);
    if (cx_is_ok(err)) {
        resolver->running = pthread_create(&resolver->thread, NULL, deliver, resolver) == 0;
        err = resolver->running ? CX_OK : CX_ERR(NOMEM);
    }
    if (cx_failed(err)) {
        resolver_free(resolver);
        return err;
    }
    *ret_resolver = resolver;
    return CX_OK;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    if (resolver->running && eventfd_write(resolver->wake_fd, 1) == 0)
        pthread_join(resolver->thread, NULL);
    if (resolver->ctx != NULL)
        ub_ctx_delete(resolver->ctx);
    if (resolver->wake_fd >= 0)
        close(resolver->wake_fd);
    pthread_cond_destroy(&resolver->done);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

/* ---- a question ---- */

void dns_answer_clear(struct dns_answer *answer)
{
    if (answer->owner != NULL)
        ub_resolve_free(answer->owner);
    *answer = DNS_ANSWER_INIT;
}

static void explain(struct dns_answer *answer, enum dns_status status, const char *reason)
{
    answer->status = status;
    snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
    for (char *c = answer->reason; *c != '\0'; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
}

static void read_result(struct ub_result *result, struct dns_answer *answer)
{
    static const char *const rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED"};
    answer->owner = result;
    answer->secure = result->secure != 0;
    if (result->bogus) {
        explain(answer, DNS_BOGUS, result->why_bogus != NULL ? result->why_bogus : "bogus");
        return;
    }
    if (result->rcode != 0 && result->rcode != RCODE_NXDOMAIN) {
        bool named = (size_t)result->rcode < sizeof(rcodes) / sizeof(rcodes[0]);
        explain(answer, DNS_FAILED, named ? rcodes[result->rcode] : "the server failed");
        return;
    }
    answer->exists = !result->nxdomain;
    for (size_t i = 0; result->havedata && result->data[i] != NULL; i++) {
        if (answer->count == DNS_RECORDS_MAX) {
            answer->count = 0;
            explain(answer, DNS_FAILED, "too many records");
            return;
        }
        answer->records[answer->count++] = CX_BYTES(result->data[i], (size_t)result->len[i]);
    }
    answer->status = answer->count > 0 ? DNS_DATA : DNS_EMPTY;
}

/* True when the result is there; false when it was cancelled in time. */
static bool wait_for(struct question *question, int id, int64_t deadline_us)
{
    struct resolver *resolver = question->resolver;
    const struct timespec until = {.tv_sec = deadline_us / CX_US_PER_S,
                                   .tv_nsec = deadline_us % CX_US_PER_S * 1000};
    int rc = 0;
    pthread_mutex_lock(&resolver->lock);
    while (!question->done && rc == 0)
        rc = pthread_cond_timedwait(&resolver->done, &resolver->lock, &until);
    bool done = question->done;
    pthread_mutex_unlock(&resolver->lock);
    if (done)
        return true;
    if (ub_cancel(resolver->ctx, id) == 0)
        return false;
    pthread_mutex_lock(&resolver->lock);
    while (!question->done)
        pthread_cond_wait(&resolver->done, &resolver->lock);
    pthread_mutex_unlock(&resolver->lock);
    return true;
}

cx_err resolver_lookup(struct resolver *resolver, struct cx_str name, enum dns_type type,
                       int64_t deadline_us, struct dns_answer *ret_answer)
{
    char qname[NAME_MAX_OCTETS + 2] = "";
    struct question question = {.resolver = resolver};
    struct dns_answer answer = DNS_ANSWER_INIT;
    int id = 0;
    if (name.len == 0 || name.len > NAME_MAX_OCTETS)
        return CX_ERR(USAGE);
    memcpy(qname, name.ptr, name.len);
    qname[name.len] = '.';
    int rc = ub_resolve_async(resolver->ctx, qname, (int)type, CLASS_IN, &question, on_result, &id);
    if (rc == UB_NOMEM)
        return CX_ERR(NOMEM);
    if (rc != 0)
        explain(&answer, DNS_FAILED, ub_strerror(rc));
    else if (!wait_for(&question, id, deadline_us))
        explain(&answer, DNS_LATE, "no answer in time");
    else if (question.error != 0 || question.result == NULL)
        explain(&answer, DNS_FAILED, ub_strerror(question.error));
    else
        read_result(question.result, &answer);
    dns_answer_clear(ret_answer);
    *ret_answer = answer;
    return CX_OK;
}
