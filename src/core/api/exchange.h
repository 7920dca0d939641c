/*
 * One API call from its head to its answer, without the transport: the server (server.c), tests and fuzz
 * targets drive it the same way.
 *
 *   api_exchange_init    takes the head of the request
 *   api_exchange_start   finds the operation, authenticates, authorises: all of it before a byte of the body is
 *                        read, so that a stranger's body is never parsed
 *   api_exchange_finish  decodes the body, calls the handler, encodes; then exchange->answer is complete
 *   api_exchange_clear
 *
 * Neither step fails: what goes wrong becomes the answer, a problem document. A mutating operation that is denied
 * is recorded in the audit log with outcome "denied". An exchange belongs to one thread.
 */
#pragma once
#include "core/api/api.h"
#include "core/api/contract.h"
#include "core/api/route.h"

enum { API_ARENA_MAX = 64 * 1024 * 1024, API_ANSWER_MAX = 64 * 1024 * 1024 };

/* The operations and who handles them: api_operations and api_handlers, or a test's own. */
struct api_table {
    const struct api_operation *operations;
    const struct api_handler *handlers;
    size_t count;
};

/* Borrowed until the exchange is cleared. Absent headers are "". */
struct api_head {
    struct cx_str method;
    struct cx_str target; /* as sent: path and query, not decoded */
    struct cx_str authorization;
    struct cx_str content_type;
    struct cx_str cookies, origin;
    struct cx_str reason; /* X-Reason */
    struct cx_str signature;
    struct cx_str source_address;
    struct cx_bytes client_certificate;
    bool from_gate;
};

struct api_answer {
    uint16_t status;
    const char *content_type;
    struct cx_bytes body;      /* valid until the exchange is cleared */
    const struct api_raw *raw; /* NULL for JSON */
    struct cx_str allow;       /* of a 405 */
    uint32_t retry_after_s;
};

struct api_exchange {
    struct core *core;
    const struct api_table *table;
    struct api_head head;
    struct arena arena;
    struct cx_diag diag;
    struct cx_buf text; /* the encoded answer */
    struct api_route route;
    struct cx_str query;
    struct api_request request;
    bool answered; /* answer is complete */
    struct api_answer answer;
};

void api_exchange_init(struct api_exchange *exchange, struct core *core,
                       const struct api_table *table, const struct api_head *head);
void api_exchange_start(struct api_exchange *exchange);
/* Bytes of body that may be read for it. */
size_t api_exchange_body_max(const struct api_exchange *exchange);
/* Makes a problem the answer; status 0 = that of the category. Keeps an earlier answer. */
void api_exchange_refuse(struct api_exchange *exchange, cx_err err, uint16_t status);
void api_exchange_finish(struct api_exchange *exchange, struct cx_bytes body);
void api_exchange_clear(struct api_exchange *exchange);
