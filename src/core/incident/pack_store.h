/* Rows of uploaded rule packs and of their uses. Every function runs inside a store closure and has the tenant in its WHERE; what
 * rows view is in arena. */
#pragma once
#include "base/arena.h"
#include "store/rows.h"

enum {
    PACK_UPLOADS_MAX = 256, /* versions of a tenant */
    PACK_USES_MAX = 128,    /* of a tenant */
};

struct pack_row {
    struct cx_str name, version, content; /* content only where it is asked for */
    cx_time created_us;
    struct cx_id created_by_id;
};
struct pack_use_row {
    struct cx_str name, version; /* version "": the packaged ones */
    int64_t number;
    cx_time from_us, created_us;
    struct cx_id created_by_id;
};
/* By name, then by time; without content. rows has room for PACK_UPLOADS_MAX. */
cx_err rule_pack_rows(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct pack_row *rows, size_t *ret_count);
/* CX_E_NOTFOUND. */
cx_err rule_pack_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                      struct cx_str version, struct arena *arena, struct pack_row *ret_row);
/* By name, then in the order in which they take effect. rows has room for PACK_USES_MAX. */
cx_err rule_pack_uses(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct pack_use_row *rows, size_t *ret_count);

/* Inside audit_commit, with their notes. CX_E_CONFLICT when the version exists; CX_E_LIMIT. */
cx_err rule_pack_insert(struct store_tx *tx, const struct row_rule_pack *row);
/* Gives row its number. CX_E_LIMIT. */
cx_err rule_pack_use_insert(struct store_tx *tx, struct row_rule_pack_use *row);
