#include "core/authentication/throttle.h"

#include "base/cleanup.h"
#include "core/protect/protect.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

struct policy {
    const char *name;
    int64_t free_count; /* attempts without a wait */
    int64_t wait_s;     /* after the last free one; doubles with each further attempt */
    int64_t wait_max_s;
    int64_t forget_s; /* after the first attempt */
};

static const struct policy policies[THROTTLE_KIND_COUNT] = {
    [THROTTLE_PAIR] = {"account-from-source", 5, 30, HOUR_S, DAY_S},
    [THROTTLE_SOURCE] = {"source", 30, 15 * MINUTE_S, HOUR_S, HOUR_S},
    [THROTTLE_ACCOUNT] = {"account", 100, HOUR_S, DAY_S, DAY_S},
    [THROTTLE_DEVICE] = {"device", 5, 30, HOUR_S, DAY_S},
};

const char *throttle_kind_name(enum throttle_kind kind)
{
    return policies[kind].name;
}

bool throttle_charge(enum throttle_kind kind, cx_time now_us, struct throttle_state *state,
                     int64_t *ret_wait_s, bool *ret_blocks)
{
    const struct policy *policy = &policies[kind];
    if (now_us < state->blocked_us) {
        *ret_wait_s = (state->blocked_us - now_us + CX_US_PER_S - 1) / CX_US_PER_S;
        return false;
    }
    if (now_us >= state->forgotten_us)
        *state = (struct throttle_state){.forgotten_us = now_us + policy->forget_s * CX_US_PER_S};
    state->attempt_count++;
    *ret_blocks = state->attempt_count >= policy->free_count;
    if (!*ret_blocks)
        return true;
    int64_t wait_s = policy->wait_s;
    for (int64_t i = policy->free_count; i < state->attempt_count && wait_s < policy->wait_max_s;
         i++)
        wait_s *= 2;
    if (wait_s > policy->wait_max_s)
        wait_s = policy->wait_max_s;
    state->blocked_us = now_us + wait_s * CX_US_PER_S;
    if (state->forgotten_us < state->blocked_us)
        state->forgotten_us = state->blocked_us;
    return true;
}

/* An IPv6 address stands for its /64: one customer has all of it. The address is canonical (inet_ntop), so the first
 * four groups, zero groups spelt out, are cut as text where "::" does not hide them. */
static struct cx_str source_of(struct cx_str address)
{
    size_t colons = 0;
    for (size_t i = 0; i < address.len; i++) {
        if (address.ptr[i] != ':')
            continue;
        if (i + 1 < address.len && address.ptr[i + 1] == ':')
            return (struct cx_str){address.ptr, i};
        if (++colons == 4)
            return (struct cx_str){address.ptr, i};
    }
    return address;
}

static cx_err add_key(struct core *core, struct throttle_keys *keys, enum throttle_kind kind,
                      struct cx_bytes account, struct cx_str source)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(1024);
    uint8_t *key = keys->keys[keys->count];
    _Static_assert((int)THROTTLE_KEY_LEN == (int)PROTECT_INDEX_LEN, "one is the other");
    CX_TRY(cx_buf_add_u8(&text, (uint8_t)kind));
    CX_TRY(cx_buf_add_u8(&text, (uint8_t)account.len)); /* at most 254: contract */
    CX_TRY(cx_buf_add(&text, account));
    CX_TRY(cx_buf_add_str(&text, source));
    CX_TRY(protect_index(core->protect, keys->tenant_id, "login_throttle", "throttle_key",
                         cx_buf_view(&text), key));
    keys->kinds[keys->count++] = kind;
    return CX_OK;
}

cx_err throttle_keys_make(struct core *core, struct cx_id tenant_id, struct cx_str account,
                          struct cx_str source_address, struct cx_id device_id,
                          struct throttle_keys *ret_keys)
{
    struct cx_str source = source_of(source_address);
    *ret_keys = (struct throttle_keys){.tenant_id = tenant_id};
    if (!cx_id_is_zero(device_id))
        return add_key(core, ret_keys, THROTTLE_DEVICE, cx_id_bytes(&device_id), CX_STR_NONE);
    CX_TRY(add_key(core, ret_keys, THROTTLE_PAIR, cx_str_bytes(account), source));
    CX_TRY(add_key(core, ret_keys, THROTTLE_SOURCE, CX_BYTES_NONE, source));
    return add_key(core, ret_keys, THROTTLE_ACCOUNT, cx_str_bytes(account), CX_STR_NONE);
}

static cx_err read_state(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes key,
                         struct throttle_state *ret_state)
{
    struct store_stmt *q = NULL;
    bool row = false;
    *ret_state = (struct throttle_state){0};
    CX_TRY(store_prepare(tx,
                         "SELECT attempt_count, blocked_us, forgotten_us FROM login_throttle "
                         "WHERE tenant_id = $1 AND throttle_key = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, key);
    CX_TRY(store_step(q, &row));
    if (row)
        *ret_state =
            (struct throttle_state){store_col_int(q, 0), store_col_int(q, 1), store_col_int(q, 2)};
    return CX_OK;
}

static cx_err write_state(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes key,
                          const struct throttle_state *state)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO login_throttle "
                         "(tenant_id, throttle_key, attempt_count, blocked_us, forgotten_us) "
                         "VALUES ($1, $2, $3, $4, $5) "
                         "ON CONFLICT (tenant_id, throttle_key) DO UPDATE SET "
                         "attempt_count = excluded.attempt_count, "
                         "blocked_us = excluded.blocked_us, "
                         "forgotten_us = excluded.forgotten_us",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, key);
    store_bind_int(q, 3, state->attempt_count);
    store_bind_int(q, 4, state->blocked_us);
    store_bind_int(q, 5, state->forgotten_us);
    return store_exec(q);
}

static cx_err forget_old(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "DELETE FROM login_throttle WHERE tenant_id = $1 AND forgotten_us < $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return store_exec(q);
}

struct attempt {
    const struct throttle_keys *keys;
    cx_time now_us;
    struct throttle_verdict verdict;
};

static struct cx_bytes key_at(const struct throttle_keys *keys, size_t i)
{
    return CX_BYTES(keys->keys[i], THROTTLE_KEY_LEN);
}

static cx_err charge_all(struct store_tx *tx, void *arg)
{
    struct attempt *attempt = arg;
    const struct throttle_keys *keys = attempt->keys;
    struct throttle_state states[THROTTLE_KEYS_MAX];
    attempt->verdict = (struct throttle_verdict){.allowed = true};
    for (size_t i = 0; i < keys->count; i++) {
        bool blocks = false;
        CX_TRY(read_state(tx, keys->tenant_id, key_at(keys, i), &states[i]));
        if (!throttle_charge(keys->kinds[i], attempt->now_us, &states[i], &attempt->verdict.wait_s,
                             &blocks)) {
            attempt->verdict.allowed = false;
            attempt->verdict.kind = keys->kinds[i];
            return CX_OK; /* nothing written: what is refused costs the attacker and not us */
        }
        if (blocks) {
            attempt->verdict.blocks = true;
            attempt->verdict.kind = keys->kinds[i];
        }
    }
    for (size_t i = 0; i < keys->count; i++)
        CX_TRY(write_state(tx, keys->tenant_id, key_at(keys, i), &states[i]));
    return forget_old(tx, keys->tenant_id, attempt->now_us);
}

cx_err throttle_attempt(struct core *core, const struct throttle_keys *keys, cx_time now_us,
                        struct throttle_verdict *ret_verdict)
{
    struct attempt attempt = {.keys = keys, .now_us = now_us};
    CX_TRY(store_write(core->store, charge_all, &attempt));
    *ret_verdict = attempt.verdict;
    return CX_OK;
}

static cx_err forget(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes key)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "DELETE FROM login_throttle WHERE tenant_id = $1 AND throttle_key = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, key);
    return store_exec(q);
}

static cx_err give_back(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes key)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE login_throttle SET attempt_count = attempt_count - 1, "
                         "blocked_us = 0 "
                         "WHERE tenant_id = $1 AND throttle_key = $2 AND attempt_count > 0",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, key);
    return store_exec(q);
}

cx_err throttle_forgive(struct store_tx *tx, const struct throttle_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        bool own = keys->kinds[i] == THROTTLE_PAIR || keys->kinds[i] == THROTTLE_DEVICE;
        CX_TRY(own ? forget(tx, keys->tenant_id, key_at(keys, i))
                   : give_back(tx, keys->tenant_id, key_at(keys, i)));
    }
    return CX_OK;
}
