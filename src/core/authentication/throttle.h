/*
 * How many guesses anybody gets, without giving anybody the means to lock somebody else out.
 *
 * An attempt is charged before its password is looked at, so that attempts side by side count too, and what it was
 * charged is given back when it succeeds. What it is charged against:
 *   - with a valid device cookie (a browser in which this user logged in before): the device, and nothing else.
 *     Whatever strangers do, the victim's own browser still gets in.
 *   - without: the account from this source, the source (an IPv4 address or an IPv6 /64), and the account from
 *     everywhere (NIST SP 800-63B-4 §3.2.2: at most 100).
 * A passkey is not guessed: it is never throttled, and never locked by failed passwords.
 */
#pragma once
#include "core/core.h"

enum throttle_kind {
    THROTTLE_PAIR,
    THROTTLE_SOURCE,
    THROTTLE_ACCOUNT,
    THROTTLE_DEVICE,
    THROTTLE_KIND_COUNT
};
const char *throttle_kind_name(enum throttle_kind kind);

struct throttle_state {
    int64_t attempt_count;
    cx_time blocked_us;   /* attempts are refused until then */
    cx_time forgotten_us; /* the count starts again then */
};

/* Counts one attempt. False: it is refused, state is unchanged, *ret_wait_s says for how long. *ret_blocks: this attempt
 * is looked at, and if it fails the next one has to wait. Pure. */
bool throttle_charge(enum throttle_kind kind, cx_time now_us, struct throttle_state *state,
                     int64_t *ret_wait_s, bool *ret_blocks);

enum { THROTTLE_KEYS_MAX = 3, THROTTLE_KEY_LEN = 16 };

struct throttle_keys {
    struct cx_id tenant_id;
    size_t count;
    enum throttle_kind kinds[THROTTLE_KEYS_MAX];
    uint8_t keys[THROTTLE_KEYS_MAX][THROTTLE_KEY_LEN];
};

/* device_id: zero for none. account: as normalised by the caller. Not inside a closure. */
cx_err throttle_keys_make(struct core *core, struct cx_id tenant_id, struct cx_str account,
                          struct cx_str source_address, struct cx_id device_id,
                          struct throttle_keys *ret_keys);

struct throttle_verdict {
    bool allowed;
    int64_t wait_s;          /* when refused */
    enum throttle_kind kind; /* what refused, or what the next attempt waits for */
    bool blocks;
};
/* One transaction of its own: it must stand even when the attempt comes to nothing. */
cx_err throttle_attempt(struct core *core, const struct throttle_keys *keys, cx_time now_us,
                        struct throttle_verdict *ret_verdict);
/* After a success, in its transaction: pair and device are forgotten, source and account get the attempt back. */
cx_err throttle_forgive(struct store_tx *tx, const struct throttle_keys *keys);
