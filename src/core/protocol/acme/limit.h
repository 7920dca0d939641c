/*
 * Rate limits of a directory: orders an account, and certificates a name, in a sliding window. Counted from what is stored, so
 * that nodes agree and nothing has to be reset. A refusal says when to come back (RFC 8555 §6.6). An order that replaces a
 * certificate is not counted against the limit of names (RFC 9773 §5: renewals in the suggested window are to be favoured).
 */
#pragma once
#include "core/protocol/acme/acme.h"

struct acme_limits {
    cx_time account_us; /* when the order or certificate that fills a limit was made; 0: not full */
    cx_time name_us;
    struct cx_str name;
};

/* Inside a store closure. */
cx_err acme_limits_read(struct store_tx *tx, const struct acme_call *call,
                        const struct cx_str *names, size_t count, bool replaces,
                        struct acme_limits *ret_limits);
/* rateLimited when a limit is full now. */
cx_err acme_limits_check(struct acme_call *call, const struct acme_limits *limits);
