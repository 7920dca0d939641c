/* Reading recorded versions for people. */
#pragma once
#include "core/change/object.h"
#include "core/page.h"

/* A version, the one before it, and the entry that brought it. Texts are in the arena of the call. */
struct change_item {
    struct cx_str object, key, content, before; /* before: "" when there was none */
    int64_t version, position;
    struct cx_id entry_id, user_id; /* user_id zero: the program, or the host */
    struct cx_id proposal_id;       /* by which others agreed to it; zero: nobody was asked */
    cx_time time_us;
    struct cx_str action;
    struct cx_bytes commitment;
    struct cx_sealed details;
};

struct change_filter {
    struct cx_id tenant_id;
    struct cx_str object, key; /* "": any */
    struct page_key after;     /* time_us: the position among those of the entry id */
    size_t limit;
};
/* Newest first, limit at most. */
cx_err change_list_read(struct store *store, const struct change_filter *filter,
                        struct arena *arena, struct change_item **ret_items, size_t *ret_count);

/* version 0: the newest. before is that of version before_version; 0: the one before. CX_E_NOTFOUND. */
struct change_pick {
    struct cx_id tenant_id;
    struct cx_str object, key;
    int64_t version, before_version;
};
cx_err change_pick_read(struct store *store, const struct change_pick *pick, struct arena *arena,
                        struct change_item *ret_item);
