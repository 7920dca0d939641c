#include "core/incident/step_store.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"

enum { MATCH_ARENA_MAX = 64 * 1024 * 1024 };

/* ---- what an incident follows ---- */

struct current {
    int64_t version, round; /* 0: follows none */
    int64_t others;         /* playbooks that it follows beside this one */
};

static cx_err find_current(struct store_tx *tx, const struct row_incident_playbook *row,
                           struct current *ret_current)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT COALESCE(MAX(CASE WHEN playbook = $3 AND ended_us IS NULL THEN version END), 0), "
        "COALESCE(MAX(CASE WHEN playbook = $3 THEN round END), 0), "
        "COUNT(CASE WHEN playbook <> $3 AND ended_us IS NULL THEN 1 END) "
        "FROM incident_playbook WHERE tenant_id = $1 AND incident_id = $2",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->playbook);
    CX_TRY(store_step(q, &found));
    *ret_current = (struct current){store_col_int(q, 0), store_col_int(q, 1), store_col_int(q, 2)};
    return CX_OK;
}

cx_err steps_followed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      struct cx_str playbook, int64_t *ret_version)
{
    const struct row_incident_playbook row = {
        .tenant_id = tenant_id, .incident_id = incident_id, .playbook = playbook};
    struct current current;
    CX_TRY(find_current(tx, &row, &current));
    *ret_version = current.version;
    return CX_OK;
}

/* At row->attached_us: when the next one takes its place, or none. */
static cx_err end_current(struct store_tx *tx, const struct row_incident_playbook *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_playbook SET ended_us = $4 WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND playbook = $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->playbook);
    store_bind_int(q, 4, row->attached_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err attach_end(struct store_tx *tx, const struct row_incident_playbook *row,
                  struct row_incident_entry *entry)
{
    CX_TRY(end_current(tx, row));
    return incident_append(tx, entry);
}

cx_err attach_insert(struct store_tx *tx, struct attach *attach)
{
    struct row_incident_playbook *row = &attach->row;
    struct current current;
    CX_TRY(find_current(tx, row, &current));
    /* round: it follows it, or somebody said that it does not apply */
    if (!attach->by_hand && (current.round || current.others >= STEP_PLAYBOOKS_MAX))
        return CX_OK;
    if (current.version == row->version)
        return CX_ERR(CONFLICT);
    if (current.others >= STEP_PLAYBOOKS_MAX)
        return CX_ERR(LIMIT);
    if (current.version)
        CX_TRY(end_current(tx, row));
    row->round = current.round + 1;
    CX_TRY(row_incident_playbook_insert(tx, row));
    return incident_append(tx, &attach->entry);
}

/* ---- what is to be followed ---- */

cx_err attach_prepare(struct core *core, struct arena *arena, const struct attach_draft *draft,
                      struct cx_str playbook, int64_t version, struct attach *ret_attach)
{
    struct entry_draft entry = {.tenant_id = draft->tenant_id,
                                .incident_id = draft->incident_id,
                                .actor_id = draft->actor_id,
                                .kind = KIND_PLAYBOOK_ATTACHED,
                                .at_us = draft->now_us,
                                .now_us = draft->now_us,
                                .subject = playbook};
    *ret_attach = (struct attach){.row = {.tenant_id = draft->tenant_id,
                                          .incident_id = draft->incident_id,
                                          .playbook = playbook,
                                          .version = version,
                                          .attached_us = draft->now_us,
                                          .has_attached_by_id = !cx_id_is_zero(draft->actor_id),
                                          .attached_by_id = draft->actor_id}};
    CX_TRY(arena_printf(arena, &entry.detail, "version %lld", (long long)version));
    return incident_entry_prepare(core, arena, &entry, &ret_attach->entry);
}

struct looking {
    const struct attach_draft *draft;
    struct arena *arena;
    struct playbook_row *rows;
    size_t count;
};

static cx_err read_in_force(struct store_tx *tx, void *arg)
{
    struct looking *it = arg;
    CX_TRY(ARENA_NEW_ARRAY(it->arena, PLAYBOOKS_MAX, &it->rows));
    return playbook_in_force_all(tx, it->draft->tenant_id, it->draft->now_us, it->arena, it->rows,
                                 &it->count);
}

static cx_err prepare_one(struct core *core, struct arena *arena, const struct attach_draft *draft,
                          const struct playbook_row *row, struct attach *ret_attach)
{
    struct cx_str name;
    CX_TRY(arena_copy_str(arena, row->name, &name));
    return attach_prepare(core, arena, draft, name, row->version, ret_attach);
}

cx_err attach_prepare_matching(struct core *core, struct arena *arena,
                               const struct attach_draft *draft, struct attach **ret_list,
                               size_t *ret_count)
{
    /* Texts of playbooks are read into an arena of their own: that of an alert may be small. */
    CX_CLEANUP(arena_clear) struct arena scratch = ARENA_INIT(MATCH_ARENA_MAX);
    struct looking it = {.draft = draft, .arena = &scratch};
    struct attach *list = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, STEP_PLAYBOOKS_MAX, &list));
    CX_TRY(store_read(core->store, read_in_force, &it));
    for (size_t i = 0; i < it.count && count < STEP_PLAYBOOKS_MAX; i++) {
        const struct playbook_row *row = &it.rows[i];
        struct cx_diag diag = CX_DIAG_INIT;
        struct playbook playbook;
        if (cx_failed(playbook_parse(&scratch, cx_str_bytes(row->content), &diag, &playbook)))
            cx_log(CX_LOG_WARN, "playbook-unreadable", "why", diag.text, NULL);
        else if (playbook_scope_has(&playbook.applies, &draft->is))
            CX_TRY(prepare_one(core, arena, draft, row, &list[count++]));
    }
    *ret_list = list;
    *ret_count = count;
    return CX_OK;
}

/* ---- the steps ---- */

struct loading {
    struct cx_id tenant_id, incident_id;
    struct arena *arena;
    struct step_cache *cache;
    struct step_book books[STEP_PLAYBOOKS_MAX + 1];
    struct cx_str names[STEP_PLAYBOOKS_MAX + 1];
    size_t book_count;
    struct step_owner *owners;
    size_t owner_count;
};

static cx_err load_names(struct store_tx *tx, struct loading *it)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT playbook, version FROM incident_playbook WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND ended_us IS NULL "
                         "ORDER BY attached_us, playbook",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->incident_id);
    while (it->book_count <= STEP_PLAYBOOKS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(it->arena, store_col_text(q, 0), &it->names[it->book_count]));
        it->books[it->book_count++].version = store_col_int(q, 1);
    }
    return CX_OK;
}

static cx_err load_book(struct store_tx *tx, struct loading *it, struct cx_str name,
                        struct step_book *book)
{
    struct step_cache *cache = it->cache;
    struct cx_diag ignored = CX_DIAG_INIT;
    struct playbook *playbook = NULL;
    struct playbook_row row;
    for (size_t i = 0; i < cache->count; i++) {
        book->playbook = cache->playbooks[i];
        if (cache->versions[i] == book->version && cx_str_eq(book->playbook->name, name))
            return CX_OK;
    }
    CX_TRY(ARENA_NEW(it->arena, &playbook));
    CX_TRY(playbook_find(tx, it->tenant_id, name, book->version, it->arena, &row));
    cx_err err = playbook_parse(it->arena, cx_str_bytes(row.content), &ignored, playbook);
    book->playbook = cx_is_ok(err) ? playbook : NULL;
    if (cx_failed(err))
        return err.code == CX_E_NOMEM ? err : CX_OK;
    if (cache->count == CX_COUNT_OF(cache->playbooks))
        return CX_OK;
    cache->playbooks[cache->count] = playbook;
    cache->versions[cache->count++] = book->version;
    return CX_OK;
}

static cx_err read_owners(struct store_stmt *q, struct loading *it, size_t room)
{
    CX_TRY(ARENA_NEW_ARRAY(it->arena, room, &it->owners));
    while (it->owner_count < room) {
        struct step_owner *owner = &it->owners[it->owner_count];
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(it->arena, store_col_text(q, 0), &owner->playbook));
        CX_TRY(arena_copy_str(it->arena, store_col_text(q, 1), &owner->step));
        owner->owner_id = store_col_id(q, 2);
        it->owner_count++;
    }
    return CX_OK;
}

static cx_err load_owners(struct store_tx *tx, struct loading *it)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(*) FROM incident_step_owner WHERE tenant_id = $1 "
                         "AND incident_id = $2",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->incident_id);
    CX_TRY(store_step(q, &row));
    size_t room = (size_t)store_col_int(q, 0);
    CX_TRY(store_prepare(tx,
                         "SELECT playbook, step, owner_id FROM incident_step_owner "
                         "WHERE tenant_id = $1 AND incident_id = $2 ORDER BY playbook, step",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->incident_id);
    return read_owners(q, it, room);
}

cx_err steps_load(struct store_tx *tx, struct cx_id tenant_id, const struct incident *incident,
                  cx_time now_us, struct arena *arena, struct step_cache *cache,
                  struct step_list *ret_list)
{
    struct loading *it = NULL; /* steps point to the books */
    *ret_list = (struct step_list){0};
    CX_TRY(ARENA_NEW(arena, &it));
    it->tenant_id = tenant_id;
    it->incident_id = incident->row.incident_id;
    it->arena = arena;
    it->cache = cache;
    CX_TRY(load_names(tx, it));
    if (!it->book_count)
        return CX_OK;
    size_t read = 0;
    for (size_t i = 0; i < it->book_count; i++) {
        struct step_book book = {.version = it->books[i].version};
        CX_TRY(load_book(tx, it, it->names[i], &book));
        if (book.playbook)
            it->books[read++] = book;
    }
    CX_TRY(load_owners(tx, it));
    CX_TRY(step_list_make(it->books, read, it->owners, it->owner_count, incident, now_us, arena,
                          ret_list));
    ret_list->unreadable = it->book_count - read;
    return CX_OK;
}

cx_err step_set_owner(struct store_tx *tx, const struct row_incident_step_owner *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE incident_step_owner SET owner_id = $5, assigned_us = $6 "
                         "WHERE tenant_id = $1 AND incident_id = $2 AND playbook = $3 "
                         "AND step = $4",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->playbook);
    store_bind_text(q, 4, row->step);
    store_bind_id(q, 5, row->owner_id);
    store_bind_int(q, 6, row->assigned_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : row_incident_step_owner_insert(tx, row);
}
