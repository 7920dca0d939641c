/* The one place that changes texts of an incident after they were written. See retention.h. */
#include "core/field.h"
#include "core/governance/retention.h"

struct target {
    enum api_retention_class class;
    const char *table, *column, *select, *gone;
    cx_err (*set)(struct store_tx *tx, struct cx_id tenant_id, struct cx_id row_id,
                  struct cx_sealed sealed);
};

/* The content of a part is JSON of the contract, and stays that. */
#define GONE_PART "{\"text\":\"" RETENTION_GONE "\"}"
#define SELECT_OF(table, key, column)                                                              \
    "SELECT " #key ", " #column " FROM " #table                                                    \
    " WHERE tenant_id = $1 AND incident_id = $2 AND " #column " IS NOT NULL ORDER BY " #key
#define TARGET(kind, table, key, column, gone)                                                     \
    {                                                                                              \
        API_RETENTION_CLASS_##kind, #table, #column, SELECT_OF(table, key, column), gone,          \
            row_##table##_set_##column                                                             \
    }

static const struct target TARGETS[] = {
    TARGET(INCIDENT_RECORD, incident, incident_id, title, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident, incident_id, summary, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident_entry, entry_id, detail, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident_entry, entry_id, proof, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident_part, version_id, content, GONE_PART),
    TARGET(INCIDENT_RECORD, incident_publication, publication_id, body, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident_sign_off, sign_off_id, comment, RETENTION_GONE),
    TARGET(INCIDENT_RECORD, incident_scope, scope_id, comment, RETENTION_GONE),
    TARGET(RAW_REPORT, incident_report, report_id, problem, RETENTION_GONE),
    TARGET(REPORTER_IDENTITY, incident_report, report_id, reporter, RETENTION_GONE),
};
enum { TARGET_COUNT = sizeof(TARGETS) / sizeof(TARGETS[0]) };

static cx_err read_target(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                          size_t target, struct arena *arena, struct disposal_text *texts,
                          size_t *count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, TARGETS[target].select, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    for (;;) {
        bool has = false;
        CX_TRY(store_step(q, &has));
        if (!has)
            return CX_OK;
        if (*count == DISPOSAL_TEXTS_MAX)
            return CX_ERR(LIMIT);
        struct disposal_text *text = &texts[(*count)++];
        text->target = target;
        text->row_id = store_col_id(q, 0);
        CX_TRY(arena_copy(arena, store_col_sealed(q, 1).envelope, &text->sealed.envelope));
    }
}

cx_err disposal_texts(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      enum api_retention_class class, struct arena *arena,
                      struct disposal_text *texts, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < TARGET_COUNT; i++)
        if (TARGETS[i].class == class)
            CX_TRY(read_target(tx, tenant_id, incident_id, i, arena, texts, &count));
    *ret_count = count;
    return CX_OK;
}

cx_err disposal_seal(struct core *core, struct cx_id tenant_id, struct arena *arena,
                     const struct disposal_text *texts, size_t count, struct cx_sealed *gone)
{
    for (size_t i = 0; i < count; i++) {
        const struct target *target = &TARGETS[texts[i].target];
        struct field_place place = {tenant_id, target->table, target->column, texts[i].row_id};
        CX_TRY(field_seal_text(core, place, cx_str_from(target->gone), arena, &gone[i]));
    }
    return CX_OK;
}

cx_err disposal_write(struct store_tx *tx, struct cx_id tenant_id,
                      const struct disposal_text *texts, size_t count, const struct cx_sealed *gone)
{
    for (size_t i = 0; i < count; i++)
        CX_TRY(TARGETS[texts[i].target].set(tx, tenant_id, texts[i].row_id, gone[i]));
    return CX_OK;
}
