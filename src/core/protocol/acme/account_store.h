/* Rows of accounts. Inside store closures; inserts are store/rows.h. Views are in arena. */
#pragma once
#include "core/access/scope.h"
#include "core/page.h"
#include "core/protocol/acme/acme.h"

/* With the scope of its external binding. CX_E_NOTFOUND when the directory has no such account. */
cx_err acme_account_find(struct store_tx *tx, const struct acme_directory *directory,
                         struct cx_id account_id, struct arena *arena,
                         struct acme_account *ret_account);
cx_err acme_account_by_key(struct store_tx *tx, const struct acme_directory *directory,
                           struct cx_bytes thumbprint, struct arena *arena,
                           struct acme_account *ret_account);
/* In whatever directory of the tenant. */
cx_err acme_account_find_any(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                             struct arena *arena, struct acme_account *ret_account);

struct acme_account_filter {
    struct access_scope scope;
    bool has_directory_id, has_user_id; /* else any */
    struct cx_id directory_id, user_id;
    enum acme_account_state state; /* ACME_ACCOUNT_STATE_COUNT: any */
};
/* Newest first, those in scope. rows has room for limit. */
cx_err acme_account_page(struct store_tx *tx, struct cx_id tenant_id,
                         const struct acme_account_filter *filter, const struct page_key *after,
                         size_t limit, struct arena *arena, struct acme_account *rows,
                         size_t *ret_count);
/* Compare-and-set from valid; CX_E_CONFLICT when it is not. */
cx_err acme_account_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                        enum acme_account_state state);
cx_err acme_account_agree(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                          cx_time terms_us);
/* CX_E_CONFLICT when the directory has an account with the new key, or the account's key is not old_thumbprint. */
cx_err acme_account_set_key(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                            struct cx_bytes old_thumbprint, struct cx_bytes spki,
                            struct cx_bytes thumbprint);
/* Where an account is: background work knows its id alone. */
cx_err acme_account_directory(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                              struct cx_id *ret_directory_id);
