/*
 * Rows of login factors. Every function runs inside a store closure and has the tenant in its WHERE; sealed columns stay
 * sealed here. What rows view is copied into arena.
 */
#pragma once
#include "core/client_certificate/client_certificate_store.h"
#include "store/rows.h"

enum { PASSKEYS_PER_USER_MAX = 16 };

struct passkey_row {
    struct cx_id passkey_id, user_id;
    struct cx_bytes credential, public_key;
    int64_t algorithm, sign_count;
    bool backup_eligible;
    struct cx_sealed label;
    cx_time created_us;
    cx_time last_used_us; /* 0: never */
};

struct factors {
    bool has_password, has_totp, has_pending;
    struct cx_sealed verifier, totp, pending;
    int64_t last_step;
    struct passkey_row *passkeys; /* oldest first */
    size_t passkey_count;
    struct client_binding_row certificates[CLIENT_CERTIFICATES_PER_USER_MAX];
    size_t certificate_count;
};

cx_err factors_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct factors *ret_factors);
/* A complete way to log in: a passkey, or a password with one-time codes or a client certificate. */
bool factors_can_log_in(const struct factors *factors);
/* The same, for those who need nothing else. */
cx_err factors_exist(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     bool *ret_exist);

/* Replace the row of its user. */
cx_err factor_password_put(struct store_tx *tx, const struct row_login_password *row);
cx_err factor_totp_put(struct store_tx *tx, const struct row_login_totp *row);
/* CX_E_CONFLICT when step is not after the last one: somebody used the code already. */
cx_err factor_totp_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       int64_t step);

/* CX_E_NOTFOUND when no user of the tenant has it. credential_hash: SHA-256. */
cx_err passkey_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes credential_hash,
                    struct arena *arena, struct passkey_row *ret_passkey);
/* Compare-and-set of the counter: CX_E_CONFLICT when another login came first. */
cx_err passkey_use(struct store_tx *tx, struct cx_id tenant_id, const struct passkey_row *passkey,
                   int64_t sign_count, cx_time now_us);
/* CX_E_NOTFOUND when the user has no such passkey. */
cx_err passkey_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct cx_id passkey_id);

/* All of a user's factors, and who removed them. */
cx_err factors_reset(struct store_tx *tx, const struct row_login_reset *row);
/* Who removed the user's factors last; zero when nobody did. */
cx_err factors_reset_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id *ret_by_id);
