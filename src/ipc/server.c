/* One lock guards the queue and the counters; jobs own their frames. Replies go out under the
 * link's send lock, tagged with the generation their request came from. */
#include "ipc/server.h"

#include "base/cleanup.h"
#include "ipc/link.h"

enum { WORKERS_DEFAULT = 4, WORKERS_MAX = 64, QUEUE_DEFAULT = 512 };
#define ARENA_DEFAULT ((size_t)16 << 20)

struct job {
    struct job *next;
    uint64_t generation;
    const struct ipc_route *route;
    struct ipc_frame frame;
};

struct ipc_server {
    struct ipc_server_options options;
    struct ipc_link link;
    pthread_t reader;
    pthread_t workers[WORKERS_MAX];
    unsigned worker_count;
    pthread_mutex_t lock; /* guards the fields below */
    pthread_cond_t work;
    pthread_cond_t closed;
    struct job *first, *last;
    unsigned queued;
    uint64_t violations;
    uint64_t closed_generation;
    bool stopping;
};

static void send_error(struct ipc_server *server, uint64_t generation, uint64_t request_id,
                       cx_err err, const struct cx_diag *diag)
{
    const struct ipc_reply_error reply = {.code = (uint16_t)err.code,
                                          .field = cx_str_from(diag->field),
                                          .rule = cx_str_from(diag->rule),
                                          .text = cx_str_from(diag->text)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(1024);
    cx_err sent = ipc_reply_error_write(&body, &reply);
    if (cx_is_ok(sent))
        sent = ipc_link_send(&server->link, generation, IPC_REPLY_ERROR, request_id,
                             cx_buf_view(&body));
    CX_IGNORE(sent); /* a peer that is gone learns nothing; the reader sees the same failure */
}

static void run_job(struct ipc_server *server, struct job *job)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(server->options.arena_max);
    const struct ipc_request request = {job->frame.request_id, cx_buf_view(&job->frame.payload),
                                        &arena};
    struct ipc_reply reply = {IPC_REPLY_OK, CX_BUF_INIT(UINT32_MAX), CX_DIAG_INIT};
    cx_err err = job->route->handle(server->options.arg, &request, &reply);
    if (cx_is_ok(err)) {
        err = ipc_link_send(&server->link, job->generation, reply.number, request.request_id,
                            cx_buf_view(&reply.body));
        if (err.code == CX_E_IO || err.code == CX_E_BUSY) /* the peer is gone: nobody to tell */
            err = CX_OK;
    }
    if (cx_failed(err))
        send_error(server, job->generation, request.request_id, err, &reply.diag);
    cx_buf_clear(&reply.body);
}

static void *work(void *arg)
{
    struct ipc_server *server = arg;
    for (;;) {
        pthread_mutex_lock(&server->lock);
        while (server->first == NULL && !server->stopping)
            pthread_cond_wait(&server->work, &server->lock);
        struct job *job = server->first;
        if (job != NULL) {
            server->first = job->next;
            if (server->first == NULL)
                server->last = NULL;
            server->queued--;
        }
        pthread_mutex_unlock(&server->lock);
        if (job == NULL)
            return NULL;
        run_job(server, job);
        ipc_frame_clear(&job->frame);
        free(job);
    }
}

static cx_err enqueue(struct ipc_server *server, uint64_t generation, const struct ipc_route *route,
                      struct ipc_frame *frame)
{
    CX_AUTO_FREE struct job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        return CX_ERR(NOMEM);
    pthread_mutex_lock(&server->lock);
    bool room = server->queued < server->options.queue_max;
    if (room) {
        job->generation = generation;
        job->route = route;
        job->frame = *frame;
        *frame = IPC_FRAME_INIT;
        if (server->last != NULL)
            server->last->next = job;
        else
            server->first = job;
        server->last = CX_TAKE(job);
        server->queued++;
        pthread_cond_signal(&server->work);
    }
    pthread_mutex_unlock(&server->lock);
    return room ? CX_OK : CX_ERR(BUSY);
}

static const struct ipc_route *find_route(const struct ipc_server *server, uint16_t number)
{
    for (size_t i = 0; i < server->options.route_count; i++)
        if (server->options.routes[i].number == number)
            return &server->options.routes[i];
    return NULL;
}

/* CX_E_IO: the peer went away; CX_E_PARSE or CX_E_LIMIT: it broke the rules. */
static cx_err read_request(struct ipc_server *server, struct ipc_reader *reader, int fd,
                           uint64_t generation)
{
    const struct ipc_rules rules = {server->options.direction, server->options.state};
    CX_CLEANUP(ipc_frame_clear) struct ipc_frame frame = IPC_FRAME_INIT;
    CX_TRY(ipc_reader_next(reader, fd, &rules, &frame));
    const struct ipc_route *route = find_route(server, frame.message->number);
    if (route == NULL)
        return CX_ERR(PARSE);
    uint64_t request_id = frame.request_id;
    cx_err err = enqueue(server, generation, route, &frame);
    if (cx_failed(err))
        send_error(server, generation, request_id, err, &CX_DIAG_INIT);
    return CX_OK;
}

static void *read_requests(void *arg)
{
    struct ipc_server *server = arg;
    int fd = -1;
    uint64_t generation = 0;
    while (ipc_link_next(&server->link, &fd, &generation)) {
        struct ipc_reader reader = {0};
        cx_err err = CX_OK;
        while (cx_is_ok(err))
            err = read_request(server, &reader, fd, generation);
        ipc_link_end(&server->link);
        pthread_mutex_lock(&server->lock);
        if (err.code != CX_E_IO)
            server->violations++;
        server->closed_generation = generation;
        pthread_cond_broadcast(&server->closed);
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

static void stop_workers(struct ipc_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->work);
    pthread_mutex_unlock(&server->lock);
    for (unsigned i = 0; i < server->worker_count; i++)
        pthread_join(server->workers[i], NULL);
}

static void release(struct ipc_server *server)
{
    stop_workers(server);
    ipc_link_clear(&server->link);
    pthread_cond_destroy(&server->closed);
    pthread_cond_destroy(&server->work);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static cx_err start_threads(struct ipc_server *server)
{
    for (unsigned i = 0; i < server->options.worker_count; i++) {
        if (pthread_create(&server->workers[i], NULL, work, server) != 0)
            return CX_ERR(NOMEM);
        server->worker_count++;
    }
    if (pthread_create(&server->reader, NULL, read_requests, server) != 0)
        return CX_ERR(NOMEM);
    return CX_OK;
}

cx_err ipc_server_new(const struct ipc_server_options *options, struct ipc_server **ret_server)
{
    CX_AUTO_CLOSE int fd = options->fd;
    if (options->worker_count > WORKERS_MAX)
        return CX_ERR(USAGE);
    struct ipc_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return CX_ERR(NOMEM);
    server->options = *options;
    if (server->options.worker_count == 0)
        server->options.worker_count = WORKERS_DEFAULT;
    if (server->options.queue_max == 0)
        server->options.queue_max = QUEUE_DEFAULT;
    if (server->options.arena_max == 0)
        server->options.arena_max = ARENA_DEFAULT;
    cx_err err = ipc_link_init(&server->link, fd);
    if (cx_failed(err)) {
        free(server);
        return err;
    }
    fd = -1;
    /* Default-attribute mutexes and conditions do not fail on Linux. */
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->work, NULL);
    pthread_cond_init(&server->closed, NULL);
    err = start_threads(server);
    if (cx_failed(err)) {
        release(server);
        return err;
    }
    *ret_server = server;
    return CX_OK;
}

void ipc_server_replace(struct ipc_server *server, int fd)
{
    ipc_link_replace(&server->link, fd);
}

uint64_t ipc_server_violations(struct ipc_server *server)
{
    pthread_mutex_lock(&server->lock);
    uint64_t count = server->violations;
    pthread_mutex_unlock(&server->lock);
    return count;
}

void ipc_server_wait_closed(struct ipc_server *server)
{
    pthread_mutex_lock(&server->lock);
    while (server->closed_generation == 0 || ipc_link_generation(&server->link) != 0)
        pthread_cond_wait(&server->closed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

void ipc_server_free(struct ipc_server *server)
{
    if (server == NULL)
        return;
    ipc_link_stop(&server->link);
    pthread_join(server->reader, NULL);
    release(server);
}
