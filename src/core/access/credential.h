/* Making tokens and enrolment links: the row to store and the text that is shown once. */
#pragma once
#include "core/access/access_store.h"
#include "store/rows.h"

struct core;

enum {
    ACCESS_LINK_LIFE_S = 24 * 3600,
    ACCESS_ENROLLED_LIFE_DAYS = 90, /* of the token that redeeming a link yields */
};

/* created_by_id: zero for one made on the host. What row->secret_hash views is in arena, like *ret_text. */
cx_err access_link_make(struct core *core, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id created_by_id, cx_time now_us, struct arena *arena,
                        struct row_enrolment_link *ret_row, struct cx_str *ret_text);

struct access_token_order {
    struct cx_id tenant_id, user_id;
    struct cx_id parent_id; /* the token it is made with; zero: none */
    struct cx_str label;
    bool
        narrowed; /* its own bindings, written beside it, say what it may do of what its user may */
    cx_time now_us, expires_us;
};
cx_err access_token_make(struct core *core, const struct access_token_order *order,
                         struct arena *arena, struct row_api_token *ret_row,
                         struct cx_str *ret_text);

/* Inside a closure: not longer than the tenant's setting allows; "token-too-long". */
cx_err access_token_check_life(struct store_tx *tx, const struct row_api_token *row,
                               struct cx_diag *diag);

/* A user in state invited with sealed name and address. email may be empty. */
cx_err access_user_make(struct core *core, struct cx_id tenant_id, struct cx_str display_name,
                        struct cx_str email, cx_time now_us, struct arena *arena,
                        struct row_tenant_user *ret_row);
/* Blind index token of an address, lower-cased (ASCII): one address is one user of a tenant. */
cx_err access_email_index(struct core *core, struct cx_id tenant_id, struct cx_str email,
                          struct arena *arena, struct cx_bytes *ret_index);
