/*
 * Rows of OpenID Connect providers, their rules, and who is who at them. Every function runs inside a store closure and has
 * the tenant in its WHERE; sealed columns stay sealed here. What rows view is copied into arena.
 */
#pragma once
#include "core/page.h"
#include "store/rows.h"

enum { OIDC_RULES_MAX = 256 };

struct oidc_rule {
    struct cx_str claim_value;
    struct cx_id group_id; /* zero: role gives */
    struct cx_str role;
};
struct oidc_provider {
    struct cx_id tenant_id, provider_id;
    struct cx_str name, issuer, client_id;
    struct cx_str scopes, factor_acr, factor_amr; /* words between blanks */
    struct cx_str groups_claim, ca_pem;
    bool active, userinfo, provision, has_secret;
    struct cx_sealed client_secret;
    cx_time created_us, changed_us;
    struct cx_id changed_by_id;
    struct oidc_rule *rules; /* of oidc_provider_find only */
    size_t rule_count;
};

/* With its rules. CX_E_NOTFOUND. */
cx_err oidc_provider_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                          struct arena *arena, struct oidc_provider *ret_provider);
cx_err oidc_provider_by_name(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             struct arena *arena, struct oidc_provider *ret_provider);
cx_err oidc_provider_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct oidc_provider *rows,
                          size_t *ret_count);
/* Settings alone: client_secret stays when row->has_client_secret is false. CX_E_NOTFOUND. */
cx_err oidc_provider_replace(struct store_tx *tx, const struct row_oidc_provider *row);
cx_err oidc_rules_replace(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                          const struct oidc_rule *rules, size_t count);
/* Idempotent. CX_E_NOTFOUND. */
cx_err oidc_provider_set_state(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id provider_id, bool active);

struct oidc_identity {
    struct cx_id identity_id, provider_id, user_id;
    struct cx_sealed subject;
    cx_time created_us, last_login_us; /* 0: never */
};
cx_err oidc_identity_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id identity_id,
                          struct arena *arena, struct oidc_identity *ret_identity);
cx_err oidc_identity_by_subject(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_bytes subject_index, struct arena *arena,
                                struct oidc_identity *ret_identity);
cx_err oidc_identity_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct oidc_identity *rows,
                          size_t *ret_count);
cx_err oidc_identity_note_login(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id identity_id, cx_time now_us);
/* The row stays, and says who made it. */
cx_err oidc_identity_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id identity_id,
                            cx_time now_us);
/* Sessions that began by a login at the provider end: of one user, or (zero) of all. */
cx_err oidc_sessions_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                         struct cx_id user_id, cx_time now_us);
