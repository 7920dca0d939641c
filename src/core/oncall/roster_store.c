#include "core/oncall/roster_store.h"
#include "core/access/access_store.h"

#define ROSTER_COLUMNS                                                                             \
    "SELECT roster_id, name, severity, warning_percent, first_us, shift_us, until_us, "            \
    "escalate_us, ahead_us, test_every_us, test_due_us, creator_id, created_us, ender_id, "        \
    "ended_us FROM oncall_roster WHERE tenant_id = $1 "

static cx_err roster_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                        struct row_oncall_roster *ret_row)
{
    struct row_oncall_roster row = {.tenant_id = tenant_id,
                                    .roster_id = store_col_id(q, 0),
                                    .warning_percent = store_col_int(q, 3),
                                    .first_us = store_col_int(q, 4),
                                    .shift_us = store_col_int(q, 5),
                                    .has_until_us = !store_col_is_null(q, 6),
                                    .until_us = store_col_int(q, 6),
                                    .escalate_us = store_col_int(q, 7),
                                    .ahead_us = store_col_int(q, 8),
                                    .has_test_every_us = !store_col_is_null(q, 9),
                                    .test_every_us = store_col_int(q, 9),
                                    .has_test_due_us = !store_col_is_null(q, 10),
                                    .test_due_us = store_col_int(q, 10),
                                    .creator_id = store_col_id(q, 11),
                                    .created_us = store_col_int(q, 12),
                                    .has_ender_id = !store_col_is_null(q, 13),
                                    .ender_id = store_col_id(q, 13),
                                    .has_ended_us = !store_col_is_null(q, 14),
                                    .ended_us = store_col_int(q, 14)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &row.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.severity));
    *ret_row = row;
    return CX_OK;
}

cx_err roster_rows(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                   struct row_oncall_roster *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx, ROSTER_COLUMNS "AND ended_us IS NULL ORDER BY created_us, roster_id LIMIT $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, ROSTERS_MAX);
    while (count < ROSTERS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(roster_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err roster_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                   struct arena *arena, struct row_oncall_roster *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, ROSTER_COLUMNS "AND roster_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, roster_id);
    CX_TRY(store_step(q, &row));
    return row ? roster_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

/* $1 tenant, $2 row, $3 who, $4 when. */
static cx_err end_row(struct store_tx *tx, const char *sql, struct cx_id tenant_id, struct cx_id id,
                      struct cx_id ender_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, id);
    store_bind_id(q, 3, ender_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err roster_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                  struct cx_id ender_id, cx_time now_us)
{
    return end_row(tx,
                   "UPDATE oncall_roster SET ender_id = $3, ended_us = $4 WHERE tenant_id = $1 "
                   "AND roster_id = $2 AND ended_us IS NULL",
                   tenant_id, roster_id, ender_id, now_us);
}

cx_err override_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id override_id,
                    struct cx_id ender_id, cx_time now_us)
{
    return end_row(tx,
                   "UPDATE oncall_override SET ender_id = $3, ended_us = $4 WHERE tenant_id = $1 "
                   "AND override_id = $2 AND ended_us IS NULL",
                   tenant_id, override_id, ender_id, now_us);
}

cx_err roster_set_test(struct store_tx *tx, const struct row_oncall_roster *row, cx_time due_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oncall_roster SET test_due_us = $4 WHERE tenant_id = $1 "
                         "AND roster_id = $2 AND test_due_us = $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->roster_id);
    store_bind_int(q, 3, row->test_due_us);
    store_bind_int(q, 4, due_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err roster_people(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                     struct row_oncall_person *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT level, place, user_id FROM oncall_person WHERE tenant_id = $1 "
                         "AND roster_id = $2 ORDER BY level, place LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, roster_id);
    store_bind_int(q, 3, ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX);
    while (count < ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count++] = (struct row_oncall_person){.tenant_id = tenant_id,
                                                   .roster_id = roster_id,
                                                   .level = store_col_int(q, 0),
                                                   .place = store_col_int(q, 1),
                                                   .user_id = store_col_id(q, 2)};
    }
    *ret_count = count;
    return CX_OK;
}

#define OVERRIDE_COLUMNS                                                                           \
    "SELECT override_id, roster_id, level, from_us, until_us, user_id, creator_id, created_us, "   \
    "ender_id, ended_us FROM oncall_override WHERE tenant_id = $1 "

static struct row_oncall_override override_of(const struct store_stmt *q, struct cx_id tenant_id)
{
    return (struct row_oncall_override){.tenant_id = tenant_id,
                                        .override_id = store_col_id(q, 0),
                                        .roster_id = store_col_id(q, 1),
                                        .level = store_col_int(q, 2),
                                        .from_us = store_col_int(q, 3),
                                        .until_us = store_col_int(q, 4),
                                        .has_user_id = !store_col_is_null(q, 5),
                                        .user_id = store_col_id(q, 5),
                                        .creator_id = store_col_id(q, 6),
                                        .created_us = store_col_int(q, 7),
                                        .has_ender_id = !store_col_is_null(q, 8),
                                        .ender_id = store_col_id(q, 8),
                                        .has_ended_us = !store_col_is_null(q, 9),
                                        .ended_us = store_col_int(q, 9)};
}

cx_err roster_overrides(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                        cx_time since_us, struct row_oncall_override *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         OVERRIDE_COLUMNS "AND roster_id = $2 AND until_us > $3 "
                                          "AND ended_us IS NULL "
                                          "ORDER BY created_us, override_id LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, roster_id);
    store_bind_int(q, 3, since_us);
    store_bind_int(q, 4, ONCALL_OVERRIDES_MAX);
    while (count < ONCALL_OVERRIDES_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count++] = override_of(q, tenant_id);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err override_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id override_id,
                     struct row_oncall_override *ret_row)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, OVERRIDE_COLUMNS "AND override_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, override_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_row = override_of(q, tenant_id);
    return CX_OK;
}

#define CONTACTS_OF                                                                                \
    "FROM notice_contact WHERE tenant_id = $1 AND owner_id = $2 AND owner_kind = 'user' "          \
    "AND ended_us IS NULL "

cx_err person_is_reachable(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct arena *arena, bool *ret_reachable)
{
    struct store_stmt *q = NULL;
    struct user_row user;
    CX_TRY(user_find(tx, tenant_id, user_id, arena, &user));
    CX_TRY(user_is_usable(tx, tenant_id, &user, ret_reachable));
    if (!*ret_reachable)
        return CX_OK;
    CX_TRY(store_prepare(tx, "SELECT 1 " CONTACTS_OF "LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_step(q, ret_reachable);
}

cx_err person_contacts(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       size_t limit, struct row_notice_contact *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(
        store_prepare(tx,
                      "SELECT contact_id, email IS NOT NULL, webhook_url IS NOT NULL " CONTACTS_OF
                      "ORDER BY contact_id LIMIT $3",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count++] = (struct row_notice_contact){.tenant_id = tenant_id,
                                                    .contact_id = store_col_id(q, 0),
                                                    .has_email = store_col_int(q, 1) == 1,
                                                    .has_webhook_url = store_col_int(q, 2) == 1};
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err plan_people(struct store_tx *tx, const struct row_oncall_roster *row,
                          struct arena *arena, struct oncall_plan *plan)
{
    struct row_oncall_person *rows = NULL;
    struct oncall_person *people = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX, &rows));
    CX_TRY(roster_people(tx, row->tenant_id, row->roster_id, rows, &plan->person_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, plan->person_count, &people));
    for (size_t i = 0; i < plan->person_count; i++) {
        people[i] = (struct oncall_person){.level = rows[i].level, .user_id = rows[i].user_id};
        CX_TRY(
            person_is_reachable(tx, row->tenant_id, rows[i].user_id, arena, &people[i].reachable));
        plan->level_count = rows[i].level;
    }
    plan->people = people;
    return CX_OK;
}

cx_err roster_plan(struct store_tx *tx, const struct row_oncall_roster *row, cx_time since_us,
                   struct arena *arena, struct oncall_plan *ret_plan)
{
    struct row_oncall_override *rows = NULL;
    struct oncall_override *overrides = NULL;
    struct oncall_plan plan = {.begins_us = row->created_us,
                               .first_us = row->first_us,
                               .shift_us = row->shift_us,
                               .until_us = row->has_until_us ? row->until_us : ONCALL_NEVER};
    CX_TRY(plan_people(tx, row, arena, &plan));
    CX_TRY(ARENA_NEW_ARRAY(arena, ONCALL_OVERRIDES_MAX, &rows));
    CX_TRY(
        roster_overrides(tx, row->tenant_id, row->roster_id, since_us, rows, &plan.override_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, plan.override_count, &overrides));
    for (size_t i = 0; i < plan.override_count; i++) {
        overrides[i] = (struct oncall_override){
            .level = rows[i].level,
            .from_us = rows[i].from_us,
            .until_us = rows[i].until_us,
            .has_person = rows[i].has_user_id,
            .person = {.level = rows[i].level, .user_id = rows[i].user_id}};
        if (rows[i].has_user_id)
            CX_TRY(person_is_reachable(tx, row->tenant_id, rows[i].user_id, arena,
                                       &overrides[i].person.reachable));
    }
    plan.overrides = overrides;
    *ret_plan = plan;
    return CX_OK;
}

cx_err gap_is_told(struct store_tx *tx, const struct row_oncall_gap *row, bool *ret_told)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM oncall_gap WHERE tenant_id = $1 AND roster_id = $2 "
                         "AND level = $3 AND from_us = $4",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->roster_id);
    store_bind_int(q, 3, row->level);
    store_bind_int(q, 4, row->from_us);
    return store_step(q, ret_told);
}
