#include "core/protocol/acme/limit.h"
#include "core/protocol/acme/order_store.h"

cx_err acme_limits_read(struct store_tx *tx, const struct acme_call *call,
                        const struct cx_str *names, size_t count, bool replaces,
                        struct acme_limits *ret_limits)
{
    const struct acme_directory *directory = &call->directory;
    struct acme_limits limits = {.name = CX_STR_NONE};
    if (directory->account_limit)
        CX_TRY(acme_order_nth(tx, directory->tenant_id, call->account.account_id,
                              directory->account_limit, &limits.account_us));
    for (size_t i = 0; directory->name_limit && !replaces && i < count; i++) {
        cx_time issued_us = 0;
        CX_TRY(
            acme_name_nth(tx, directory->tenant_id, names[i], directory->name_limit, &issued_us));
        if (issued_us <= limits.name_us)
            continue;
        limits.name_us = issued_us;
        limits.name = names[i];
    }
    *ret_limits = limits;
    return CX_OK;
}

/* Seconds until the window has moved on; 0: the limit is not full. */
static int64_t wait_s(cx_time filled_us, int64_t window_s, cx_time now_us)
{
    cx_time free_us = filled_us + window_s * CX_US_PER_S;
    return filled_us == 0 || free_us <= now_us ? 0 : (free_us - now_us) / CX_US_PER_S + 1;
}

cx_err acme_limits_check(struct acme_call *call, const struct acme_limits *limits)
{
    const struct acme_directory *directory = &call->directory;
    cx_time now_us = call->request->now_us;
    int64_t account_s = wait_s(limits->account_us, directory->account_window_s, now_us);
    int64_t name_s = wait_s(limits->name_us, directory->name_window_s, now_us);
    if (account_s == 0 && name_s == 0)
        return CX_OK;
    call->retry_after_s = account_s > name_s ? account_s : name_s;
    if (account_s)
        return acme_refuse(
            call, ACME_RATE_LIMITED, "limit-account",
            "The account has made %lld orders within %lld seconds: come back in %lld.",
            (long long)directory->account_limit, (long long)directory->account_window_s,
            (long long)account_s);
    return acme_refuse(call, ACME_RATE_LIMITED, "limit-name",
                       "%.*s has had %lld certificates within %lld seconds: come back in %lld.",
                       CX_STR_ARG(limits->name), (long long)directory->name_limit,
                       (long long)directory->name_window_s, (long long)name_s);
}
