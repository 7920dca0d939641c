/* Rows of directories. Inside store closures; inserts are store/rows.h. Views are in arena. */
#pragma once
#include "core/page.h"
#include "core/protocol/acme/acme.h"

/* Whose tenant it is, the id says: clients know nothing else. CX_E_NOTFOUND when there is none. */
cx_err acme_directory_find(struct store_tx *tx, struct cx_id directory_id, struct arena *arena,
                           struct acme_directory *ret_directory);
cx_err acme_directory_page(struct store_tx *tx, struct cx_id tenant_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct acme_directory *rows, size_t *ret_count);
cx_err acme_directory_set_state(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id directory_id, bool active);
/* Splits text at blanks into at most max words; CX_E_STORE beyond. */
cx_err acme_words(struct cx_str text, struct cx_str *words, size_t max, size_t *ret_count);
/* The directory has this profile, and the account's scope (NULL: none) does not narrow it to another one. */
bool acme_directory_offers(const struct acme_directory *directory, const struct acme_scope *scope,
                           struct cx_str name);
