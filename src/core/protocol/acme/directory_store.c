#include "core/protocol/acme/directory_store.h"
#include "core/change/change.h"

#define COLUMNS                                                                                    \
    "tenant_id, directory_id, name, state, issuer_id, profiles, user_id, challenges, "             \
    "caa_identity, terms_url, reuse_s, account_limit, account_window_s, name_limit, "              \
    "name_window_s, created_us"

cx_err acme_words(struct cx_str text, struct cx_str *words, size_t max, size_t *ret_count)
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != ' ')
            continue;
        if (i > start) {
            if (count == max)
                return CX_ERR(STORE);
            words[count++] = (struct cx_str){text.ptr + start, i - start};
        }
        start = i + 1;
    }
    *ret_count = count;
    return CX_OK;
}

bool acme_directory_offers(const struct acme_directory *directory, const struct acme_scope *scope,
                           struct cx_str name)
{
    if (scope && scope->profile.len && !cx_str_eq(scope->profile, name))
        return false;
    for (size_t i = 0; i < directory->profile_count; i++)
        if (cx_str_eq(directory->profiles[i], name))
            return true;
    return false;
}

static cx_err directory_of(const struct store_stmt *q, struct arena *arena,
                           struct acme_directory *ret_directory)
{
    struct acme_directory row = {.tenant_id = store_col_id(q, 0),
                                 .directory_id = store_col_id(q, 1),
                                 .active = cx_str_is(store_col_text(q, 3), "active"),
                                 .issuer_id = store_col_id(q, 4),
                                 .challenges = (uint32_t)store_col_int(q, 7),
                                 .reuse_s = store_col_int(q, 10),
                                 .account_limit = store_col_int(q, 11),
                                 .account_window_s = store_col_int(q, 12),
                                 .name_limit = store_col_int(q, 13),
                                 .name_window_s = store_col_int(q, 14),
                                 .created_us = store_col_int(q, 15)};
    struct cx_str profiles = CX_STR_NONE;
    if (!store_col_is_null(q, 6))
        row.user_id = store_col_id(q, 6);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &row.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &profiles));
    CX_TRY(acme_words(profiles, row.profiles, ACME_PROFILES_MAX, &row.profile_count));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 8), &row.caa_identity));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 9), &row.terms_url));
    *ret_directory = row;
    return CX_OK;
}

cx_err acme_directory_find(struct store_tx *tx, struct cx_id directory_id, struct arena *arena,
                           struct acme_directory *ret_directory)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM acme_directory "
                         "WHERE tenant_id IN (SELECT tenant_id FROM tenant) AND directory_id = $1",
                         &q));
    store_bind_id(q, 1, directory_id);
    CX_TRY(store_step(q, &row));
    return row ? directory_of(q, arena, ret_directory) : CX_ERR(NOTFOUND);
}

cx_err acme_directory_page(struct store_tx *tx, struct cx_id tenant_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct acme_directory *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " COLUMNS " FROM acme_directory WHERE tenant_id = $1 "
                         "AND (created_us, directory_id) < ($2, $3) "
                         "ORDER BY created_us DESC, directory_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(directory_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err acme_directory_set_state(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id directory_id, bool active)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_directory SET state = $3 "
                         "WHERE tenant_id = $1 AND directory_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, directory_id);
    store_bind_text(q, 3, active ? CX_STR("active") : CX_STR("disabled"));
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(NOTFOUND);
    return change_note_id(tx, tenant_id, CHANGE_ACME_DIRECTORY, directory_id);
}
