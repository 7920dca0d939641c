/* Reading the log for people: pages of entries, newest first, with their details opened. */
#pragma once
#include "core/access/scope.h"
#include "core/audit/audit_internal.h"
#include "core/page.h"

struct audit_filter {
    struct cx_id tenant_id;
    struct cx_str action;            /* "" = any */
    bool has_user_id, has_object_id; /* else any */
    struct cx_id user_id, object_id;
    struct page_key after;
    size_t limit;
    struct access_scope
        scope; /* entries about requests, certificates and users in it; about the rest only everywhere */
};

struct audit_item {
    struct audit_record record; /* texts are in the arena */
    bool sequenced;
    int64_t leaf_index;
    struct cx_bytes leaf_hash;
    struct cx_sealed sealed;
};

/* At most filter->limit items. */
cx_err audit_list_read(struct store *store, const struct audit_filter *filter, struct arena *arena,
                       struct audit_item **ret_items, size_t *ret_count);
/* The JSON object that was recorded. Checked against the commitment: CX_E_CRYPTO when it is another. */
cx_err audit_details_open(struct core *core, const struct audit_item *item, struct arena *arena,
                          struct cx_str *ret_details);
