/* Making a pack: read the two periods and what is open, open the sealed texts, render, seal. See pack.h. */
#include "base/cleanup.h"
#include "core/core.h"
#include "core/field.h"
#include "core/governance/pack.h"
#include "core/incident/account.h"
#include "crypto/hash.h"

struct reading {
    struct core *core;
    struct cx_id tenant_id;
    cx_time from_us, until_us;
    struct arena *arena;
    struct pack_source *source;
    struct part *parts; /* action items of open incidents; sealed still */
    struct cx_id *part_incidents;
    size_t part_count;
};

static bool is_open(enum incident_state state)
{
    return state != INCIDENT_CLOSED && state != INCIDENT_FALSE_ALARM && state != INCIDENT_MERGED;
}

/* The action items of one incident, whatever its state: an item may outlive its incident by a reopening. */
static cx_err read_items(struct store_tx *tx, struct reading *reading, struct cx_id incident_id)
{
    struct part *parts = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(reading->arena, PARTS_MAX, &parts));
    CX_TRY(part_list(tx, reading->tenant_id, incident_id, 0, reading->arena, parts, &count));
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind != API_PART_KIND_ACTION)
            continue;
        if (reading->part_count == PACK_ITEMS_MAX) {
            reading->source->complete = false;
            return CX_OK;
        }
        reading->part_incidents[reading->part_count] = incident_id;
        reading->parts[reading->part_count++] = parts[i];
    }
    return CX_OK;
}

static cx_err read_open(struct store_tx *tx, struct reading *reading)
{
    struct pack_source *source = reading->source;
    struct page_key after = PAGE_START;
    struct incident_row *rows = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(reading->arena, METRIC_INCIDENTS_MAX, &rows));
    CX_TRY(ARENA_NEW_ARRAY(reading->arena, METRIC_INCIDENTS_MAX, &source->open));
    CX_TRY(incident_live(tx, reading->tenant_id, &after, METRIC_INCIDENTS_MAX, reading->arena, rows,
                         &count));
    source->complete = count < METRIC_INCIDENTS_MAX;
    for (size_t i = 0; i < count; i++) {
        CX_TRY(read_items(tx, reading, rows[i].incident_id));
        if (is_open(rows[i].state))
            source->open[source->open_count++] = (struct incident){.row = rows[i]};
    }
    return CX_OK;
}

static cx_err read_all(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct pack_source *source = reading->source;
    struct metric_filter now = {.from_us = reading->from_us, .until_us = reading->until_us};
    struct metric_filter before = {.from_us = 2 * reading->from_us - reading->until_us,
                                   .until_us = reading->from_us};
    CX_TRY(metric_read(tx, reading->core, reading->tenant_id, &now, source->now_us, reading->arena,
                       &source->now));
    CX_TRY(metric_read(tx, reading->core, reading->tenant_id, &before, source->now_us,
                       reading->arena, &source->before));
    return read_open(tx, reading);
}

static cx_err open_titles(struct reading *reading, const struct incident *incidents, size_t count,
                          struct cx_str **ret_titles)
{
    struct cx_str *titles = NULL;
    CX_TRY(ARENA_NEW_ARRAY(reading->arena, count, &titles));
    for (size_t i = 0; i < count; i++) {
        const struct incident_row *row = &incidents[i].row;
        struct field_place place = {reading->tenant_id, "incident", "title", row->incident_id};
        CX_TRY(field_open_text(reading->core, place, row->title, reading->arena, &titles[i]));
    }
    *ret_titles = titles;
    return CX_OK;
}

static cx_err open_items(struct reading *reading)
{
    struct pack_source *source = reading->source;
    CX_TRY(ARENA_NEW_ARRAY(reading->arena, reading->part_count, &source->items));
    for (size_t i = 0; i < reading->part_count; i++) {
        struct part *part = &reading->parts[i];
        CX_TRY(part_open(reading->core, reading->tenant_id, reading->arena, part));
        if (part->content.has_status && (part->content.status == API_ACTION_STATUS_COMPLETE ||
                                         part->content.status == API_ACTION_STATUS_CANCELED))
            continue;
        source->items[source->item_count++] = (struct pack_item){reading->part_incidents[i], part};
    }
    return CX_OK;
}

static cx_err seal(struct reading *reading, const struct document *document,
                   struct row_incident_pack *row)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(PACK_TEXT_MAX);
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct field_place place = {row->tenant_id, "incident_pack", "markdown", row->pack_id};
    CX_TRY(document_markdown(document, &text));
    CX_TRY(crypto_sha256(cx_buf_view(&text), digest));
    CX_TRY(arena_copy(reading->arena, CX_BYTES(digest, sizeof(digest)), &row->markdown_sha256));
    return field_seal(reading->core, place, cx_buf_view(&text), reading->arena, &row->markdown);
}

cx_err pack_make(struct core *core, struct cx_id tenant_id, cx_time from_us, cx_time until_us,
                 cx_time now_us, struct arena *arena, struct row_incident_pack *ret_row)
{
    struct pack_source *source = NULL;
    struct reading reading = {.core = core,
                              .tenant_id = tenant_id,
                              .from_us = from_us,
                              .until_us = until_us,
                              .arena = arena};
    struct document made = document(arena);
    struct row_incident_pack row = {
        .tenant_id = tenant_id, .from_us = from_us, .until_us = until_us, .made_us = now_us};
    CX_TRY(ARENA_NEW(arena, &source));
    CX_TRY(ARENA_NEW_ARRAY(arena, PACK_ITEMS_MAX, &reading.parts));
    CX_TRY(ARENA_NEW_ARRAY(arena, PACK_ITEMS_MAX, &reading.part_incidents));
    source->now_us = now_us;
    reading.source = source;
    CX_TRY(store_read(core->store, read_all, &reading));
    CX_TRY(
        open_titles(&reading, source->now.incidents, source->now.incident_count, &source->titles));
    CX_TRY(open_titles(&reading, source->open, source->open_count, &source->open_titles));
    CX_TRY(open_items(&reading));
    CX_TRY(pack_text(source, &made));
    CX_TRY(cx_id_new_at(core->rng, now_us, &row.pack_id));
    CX_TRY(seal(&reading, &made, &row));
    *ret_row = row;
    return CX_OK;
}
