/*
 * Rows of sessions and devices. Every function runs inside a store closure and has the tenant in its WHERE. What rows
 * view is copied into arena.
 */
#pragma once
#include "core/access/secret.h"
#include "core/setting/setting.h"
#include "store/rows.h"

struct session_row {
    struct cx_id session_id, user_id;
    uint8_t secret_hash[ACCESS_HASH_LEN];
    struct cx_str method;
    bool bearer;
    struct cx_sealed source_address;
    cx_time created_us, last_used_us, factor_us, expires_us;
    cx_time ended_us; /* 0: open */
    /* Of one that began with a client certificate; zero, empty: not so. */
    struct cx_id client_binding_id;
    struct cx_bytes client_sha256;
};

/* When it is over whatever its person does: as it was told at the login, or earlier when that limit became shorter. */
cx_time session_expires_us(const struct session_row *session, const struct setting_values *values);
/* Neither over nor ended nor idle for too long. */
bool session_is_open(const struct session_row *session, const struct setting_values *values,
                     cx_time now_us);
/* The open ones of the tenant whose factor was proved after that time (-1: any), counted; and for a change of the limits: those
 * that are over are ended, so that a longer limit opens none of them again. */
cx_err session_count_open(struct store_tx *tx, struct cx_id tenant_id,
                          const struct setting_values *values, cx_time factor_after_us,
                          cx_time now_us, int64_t *ret_count);
cx_err session_end_over(struct store_tx *tx, struct cx_id tenant_id,
                        const struct setting_values *values, cx_time now_us);

cx_err session_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                    struct arena *arena, struct session_row *ret_session);
/* Those of a user that are not ended, newest first; rows has room for SESSIONS_PER_USER_MAX. */
cx_err session_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct session_row *rows, size_t *ret_count);
/* Inserts, ends the user's oldest beyond SESSIONS_PER_USER_MAX, and deletes those begun SESSION_KEPT_DAYS ago. */
cx_err session_insert(struct store_tx *tx, const struct row_login_session *row);
/* A new secret and time of the factor; the old secret stops working. CX_E_CONFLICT when it was ended. */
cx_err session_rotate(struct store_tx *tx, const struct row_login_session *row);
cx_err session_touch(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                     cx_time now_us);
/* Idempotent. */
cx_err session_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id session_id,
                   cx_time now_us);
/* All sessions of a user but one (zero: all). */
cx_err session_end_others(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          struct cx_id but_id, cx_time now_us);

struct device_row {
    struct cx_id user_id;
    uint8_t secret_hash[ACCESS_HASH_LEN];
    cx_time expires_us;
};
cx_err device_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id device_id,
                   struct device_row *ret_device);
/* Every device of a user is a stranger's again. */
cx_err device_forget_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id);
/* Those that are over, of every user. */
cx_err device_forget_old(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us);
