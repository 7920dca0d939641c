/* Waiting calls live on their callers' stacks, linked into the client's list under its lock; the
 * reader fills one and wakes its caller. A call that ran out of time unlinks itself, and its late
 * reply is recognised by a request id that was given out but waits no more. */
#include "ipc/client.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "ipc/link.h"

#include <errno.h>

enum { IN_FLIGHT_DEFAULT = 256, ERROR_ARENA_MAX = 4096 };

struct waiting {
    struct waiting *next;
    uint64_t request_id;
    uint64_t generation;
    uint16_t reply;
    bool done;
    cx_err err;
    struct ipc_frame frame;
    pthread_cond_t cond;
};

struct ipc_client {
    struct ipc_link link;
    enum ipc_direction direction;
    unsigned in_flight_max;
    pthread_t reader;
    pthread_mutex_t lock; /* guards the fields below and every waiting */
    struct waiting *waiting;
    unsigned waiting_count;
    uint64_t next_id;
};

static void unlink_waiting(struct ipc_client *client, struct waiting *w)
{
    for (struct waiting **at = &client->waiting; *at != NULL; at = &(*at)->next) {
        if (*at != w)
            continue;
        *at = w->next;
        client->waiting_count--;
        return;
    }
}

static void finish(struct ipc_client *client, struct waiting *w, cx_err err)
{
    unlink_waiting(client, w);
    w->err = err;
    w->done = true;
    pthread_cond_signal(&w->cond);
}

static void fail_generation(struct ipc_client *client, uint64_t generation)
{
    pthread_mutex_lock(&client->lock);
    struct waiting *next = NULL;
    for (struct waiting *w = client->waiting; w != NULL; w = next) {
        next = w->next;
        if (w->generation <= generation)
            finish(client, w, CX_ERR(IO));
    }
    pthread_mutex_unlock(&client->lock);
}

/* False: the peer broke the rules. */
static bool deliver(struct ipc_client *client, uint64_t generation, struct ipc_frame *frame)
{
    bool fine = true;
    pthread_mutex_lock(&client->lock);
    struct waiting *w = client->waiting;
    while (w != NULL && (w->request_id != frame->request_id || w->generation != generation))
        w = w->next;
    if (w == NULL) {
        fine = frame->request_id != 0 && frame->request_id < client->next_id;
    } else if (frame->message->number != w->reply && frame->message->number != IPC_REPLY_ERROR) {
        fine = false;
    } else {
        w->frame = *frame;
        *frame = IPC_FRAME_INIT;
        finish(client, w, CX_OK);
    }
    pthread_mutex_unlock(&client->lock);
    return fine;
}

static void *read_replies(void *arg)
{
    struct ipc_client *client = arg;
    const struct ipc_rules rules = {client->direction, IPC_STATE_SERVING};
    int fd = -1;
    uint64_t generation = 0;
    while (ipc_link_next(&client->link, &fd, &generation)) {
        struct ipc_reader reader = {0};
        bool fine = true;
        while (fine) {
            CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
            fine = cx_is_ok(ipc_reader_next(&reader, fd, &rules, &frame)) &&
                   deliver(client, generation, &frame);
        }
        ipc_link_end(&client->link);
        fail_generation(client, generation);
    }
    fail_generation(client, UINT64_MAX);
    return NULL;
}

static cx_err decode_error(struct cx_bytes payload, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ERROR_ARENA_MAX);
    struct ipc_reply_error reply = {0};
    if (cx_failed(ipc_reply_error_parse(payload, &arena, &reply)) || reply.code == CX_E_OK ||
        reply.code >= CX_E_COUNT)
        return CX_ERR(IO);
    cx_err err = {(enum cx_category)reply.code};
    if (diag == NULL || reply.text.len == 0)
        return err;
    struct cx_str field = CX_STR_NONE, rule = CX_STR_NONE;
    CX_TRY(arena_copy_str(&arena, reply.field, &field)); /* NUL-terminated copies */
    CX_TRY(arena_copy_str(&arena, reply.rule, &rule));
    return cx_refuse(diag, err, field.ptr, rule.ptr, "%.*s", CX_STR_ARG(reply.text));
}

static void wait_until(struct ipc_client *client, struct waiting *w, int64_t deadline_us)
{
    const struct timespec until = {.tv_sec = deadline_us / CX_US_PER_S,
                                   .tv_nsec = (deadline_us % CX_US_PER_S) * 1000};
    while (!w->done) {
        int rc = pthread_cond_clockwait(&w->cond, &client->lock, CLOCK_MONOTONIC, &until);
        if (rc == ETIMEDOUT && !w->done) {
            unlink_waiting(client, w);
            w->err = CX_ERR(IO);
            return;
        }
    }
}

static cx_err exchange(struct ipc_client *client, const struct ipc_call *call, struct waiting *w)
{
    int64_t deadline_us = cx_monotonic_us() + call->timeout_us;
    w->generation = ipc_link_settled(&client->link);
    if (w->generation == 0)
        return CX_ERR(BUSY);
    pthread_mutex_lock(&client->lock);
    if (client->waiting_count >= client->in_flight_max) {
        pthread_mutex_unlock(&client->lock);
        return CX_ERR(BUSY);
    }
    w->request_id = client->next_id++;
    w->next = client->waiting;
    client->waiting = w;
    client->waiting_count++;
    pthread_mutex_unlock(&client->lock);

    cx_err sent =
        ipc_link_send(&client->link, w->generation, call->number, w->request_id, call->payload);
    pthread_mutex_lock(&client->lock);
    if (cx_failed(sent) && !w->done) {
        unlink_waiting(client, w);
        w->err = sent;
    } else {
        wait_until(client, w, deadline_us);
    }
    pthread_mutex_unlock(&client->lock);
    return w->err;
}

cx_err ipc_client_new(const struct ipc_client_options *options, struct ipc_client **ret_client)
{
    CX_AUTO_CLOSE int fd = options->fd;
    CX_AUTO_FREE struct ipc_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return CX_ERR(NOMEM);
    client->direction = options->direction;
    client->in_flight_max = options->in_flight_max ? options->in_flight_max : IN_FLIGHT_DEFAULT;
    client->next_id = 1;
    if (pthread_mutex_init(&client->lock, NULL) != 0)
        return CX_ERR(NOMEM);
    cx_err err = ipc_link_init(&client->link, fd);
    if (cx_failed(err)) {
        pthread_mutex_destroy(&client->lock);
        return err;
    }
    fd = -1;
    if (pthread_create(&client->reader, NULL, read_replies, client) != 0) {
        ipc_link_clear(&client->link);
        pthread_mutex_destroy(&client->lock);
        return CX_ERR(NOMEM);
    }
    *ret_client = CX_TAKE(client);
    return CX_OK;
}

void ipc_client_reconnect(struct ipc_client *client, int fd)
{
    ipc_link_replace(&client->link, fd);
}

bool ipc_client_is_connected(struct ipc_client *client)
{
    return ipc_link_generation(&client->link) != 0;
}

void ipc_client_free(struct ipc_client *client)
{
    if (client == NULL)
        return;
    ipc_link_stop(&client->link);
    pthread_join(client->reader, NULL);
    ipc_link_clear(&client->link);
    pthread_mutex_destroy(&client->lock);
    free(client);
}

cx_err ipc_client_call(struct ipc_client *client, const struct ipc_call *call, struct cx_diag *diag,
                       struct cx_buf *ret_payload)
{
    struct waiting w = {.reply = call->reply, .frame = IPC_FRAME_INIT};
    if (pthread_cond_init(&w.cond, NULL) != 0)
        return CX_ERR(NOMEM);
    cx_err err = exchange(client, call, &w);
    pthread_cond_destroy(&w.cond);
    if (cx_is_ok(err) && w.frame.message->number == IPC_REPLY_ERROR) {
        err = decode_error(cx_buf_view(&w.frame.payload), diag);
    } else if (cx_is_ok(err)) {
        cx_buf_clear(ret_payload);
        *ret_payload = w.frame.payload;
        w.frame.payload = CX_BUF_INIT(0);
    }
    ipc_frame_clear(&w.frame);
    return err;
}
