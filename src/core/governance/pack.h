/*
 * The leadership's pack: how a period went beside the one before it, what was late, what was nearly late, what is open. Made
 * from the timelines by pack_text (pure), kept with the SHA-256 of the text, and never changed: a later look at the same
 * period is a further pack.
 */
#pragma once
#include "codec/document.h"
#include "core/governance/metric.h"
#include "core/incident/part.h"
#include "core/tenant/tenant_worker.h"
#include "os/worker.h"

enum { PACK_TEXT_MAX = 4 * 1024 * 1024, PACK_ITEMS_MAX = 2000 };

struct pack_item { /* an action item that is not complete */
    struct cx_id incident_id;
    const struct part *part;
};
struct pack_source {
    struct metric now, before;
    struct cx_str *titles; /* of now.incidents */
    struct incident *open; /* not ended, whenever they were reported */
    struct cx_str *open_titles;
    size_t open_count;
    struct pack_item *items;
    size_t item_count;
    cx_time now_us;
    bool complete;
};
cx_err pack_text(const struct pack_source *source, struct document *document);

/* The quarter (UTC) that ended last. */
cx_err pack_quarter_before(cx_time now_us, cx_time *ret_from_us, cx_time *ret_until_us);

/* Reads and renders. row: everything but its maker and the audit entry. Not inside a store closure. */
cx_err pack_make(struct core *core, struct cx_id tenant_id, cx_time from_us, cx_time until_us,
                 cx_time now_us, struct arena *arena, struct row_incident_pack *ret_row);
/* Newest first, without their texts; rows has room for limit. Inside store closures, as the next. */
cx_err pack_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                 size_t limit, struct arena *arena, struct row_incident_pack *rows,
                 size_t *ret_count);
/* With its texts. CX_E_NOTFOUND. */
cx_err pack_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id pack_id,
                 struct arena *arena, struct row_incident_pack *ret_row);

/* Makes the pack of the quarter that ended last, once, if there was a tenant by then. */
cx_err pack_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err governance_worker_start(struct core *core, struct tenant_worker **ret_worker);
