/*
 * Versions of playbooks as rows. Inside store closures. A row is never changed: an edit, a rollback and a retirement are new
 * versions. In force is the newest one whose time has come, unless it is retired.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "store/rows.h"

enum {
    PLAYBOOKS_MAX = 200,         /* names in a tenant */
    PLAYBOOK_VERSIONS_MAX = 500, /* of a name; beyond, more are refused */
};

struct playbook_row {
    struct cx_str name, content;
    int64_t version;
    bool retired;
    cx_time effective_us, created_us;
    struct cx_id created_by_id; /* zero: the platform */
};

/* version 0: the newest, whether it is in force or not. CX_E_NOTFOUND. */
cx_err playbook_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                     int64_t version, struct arena *arena, struct playbook_row *ret_row);
/* The version of the name that is in force. CX_E_NOTFOUND: none, or it is retired. */
cx_err playbook_in_force(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                         cx_time now_us, struct arena *arena, struct playbook_row *ret_row);
/* By name; rows has room for PLAYBOOKS_MAX. The newest of each, or those in force. */
cx_err playbook_newest_all(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                           struct playbook_row *rows, size_t *ret_count);
cx_err playbook_in_force_all(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                             struct arena *arena, struct playbook_row *rows, size_t *ret_count);
/* Newest first; rows has room for PLAYBOOK_VERSIONS_MAX. */
cx_err playbook_versions_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                            struct arena *arena, struct playbook_row *rows, size_t *ret_count);

/* Sets row->version to the next one. CX_E_LIMIT beyond the numbers above. */
cx_err playbook_add(struct store_tx *tx, struct row_playbook_version *row);
