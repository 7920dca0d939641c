/* Preparing and appending entries. Everything slow (sealing, hashing) happens before the transaction. */
#include "core/audit/audit_internal.h"
#include "base/cleanup.h"
#include "core/access/access.h"
#include "core/change/change.h"
#include "core/core.h"
#include "core/protect/protect.h"
#include "store/rows.h"

enum { DETAILS_MAX = 64 * 1024, COMMIT_ARENA_MAX = 4 * DETAILS_MAX };

struct audit_entry {
    struct cx_id entry_id;
    cx_time time_us;
    struct cx_sealed details;
    uint8_t commitment[AUDIT_COMMITMENT_LEN];
};

static struct cx_str outcome_name(enum audit_outcome outcome)
{
    switch (outcome) {
    case AUDIT_DONE:
        return CX_STR("done");
    case AUDIT_DENIED:
        return CX_STR("denied");
    case AUDIT_FAILED:
        break;
    }
    return CX_STR("failed");
}

static bool action_ok(const char *action)
{
    struct cx_str text = cx_str_from(action);
    if (text.len == 0 || text.len > AUDIT_ACTION_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return false;
    }
    return true;
}

/* What is sealed: the salt, then the details. The salt keeps the commitment from being guessed. */
static cx_err seal_details(struct core *core, struct cx_id tenant_id, struct cx_str details,
                           struct arena *arena, struct audit_entry *entry)
{
    if (details.len == 0)
        details = CX_STR("{}");
    if (details.len > DETAILS_MAX)
        return CX_ERR(LIMIT);
    void *memory = NULL;
    CX_TRY(arena_alloc(arena, AUDIT_SALT_LEN + details.len, &memory));
    uint8_t *plaintext = memory;
    CX_TRY(cx_rng_fill(core->rng, plaintext, AUDIT_SALT_LEN));
    memcpy(plaintext + AUDIT_SALT_LEN, details.ptr, details.len);
    CX_TRY(audit_commitment(CX_BYTES(plaintext, AUDIT_SALT_LEN), cx_str_bytes(details),
                            entry->commitment));
    const struct protect_place place = {
        .tenant_id = tenant_id, PLACE_AUDIT_ENTRY_DETAILS, .row = cx_id_bytes(&entry->entry_id)};
    return protect_seal(core->protect, &place, CX_BYTES(plaintext, AUDIT_SALT_LEN + details.len),
                        arena, &entry->details);
}

/* {"break_glass":true, …}: what is done by an opened break-glass account says so, whoever writes the entry. */
static cx_err mark_details(struct arena *arena, struct cx_str details, struct cx_str *ret_details)
{
    if (details.len <= 2) /* nothing, or {} */
        return arena_printf(arena, ret_details, "{\"break_glass\":true}");
    if (details.ptr[0] != '{')
        return CX_ERR(USAGE);
    return arena_printf(arena, ret_details, "{\"break_glass\":true,%.*s", (int)details.len - 1,
                        details.ptr + 1);
}

cx_err audit_prepare(struct core *core, struct arena *arena, const struct audit_event *event,
                     struct audit_entry **ret_entry)
{
    if (!action_ok(event->action) || cx_id_is_zero(event->tenant_id))
        return CX_ERR(USAGE);
    struct audit_entry *entry = NULL;
    CX_TRY(ARENA_NEW(arena, &entry));
    entry->time_us = cx_now(core->clock);
    CX_TRY(cx_id_new_at(core->rng, entry->time_us, &entry->entry_id));
    struct cx_str details = event->details;
    if (event->actor && event->actor->rights && access_rights_break_glass(event->actor->rights))
        CX_TRY(mark_details(arena, details, &details));
    CX_TRY(seal_details(core, event->tenant_id, details, arena, entry));
    *ret_entry = entry;
    return CX_OK;
}

/* Where writers run one after the other the entry gets its place in the tree at once; elsewhere a tree's row
 * that every commit changes would make them all repeat, and the sequencer gives out the indexes afterwards. */
static cx_err number_entry(struct store_tx *tx, struct row_audit_entry *row,
                           struct merkle_hash *leaf)
{
    const struct audit_record record = {
        .version = row->version,
        .entry_id = row->entry_id,
        .tenant_id = row->tenant_id,
        .time_us = row->time_us,
        .action = row->action,
        .outcome = row->outcome,
        .object_type = row->object_type,
        .user_id = row->user_id,
        .token_id = row->token_id,
        .call_id = row->call_id,
        .object_id = row->object_id,
        .commitment = row->commitment,
        .state_hash = row->has_state_hash ? row->state_hash : CX_BYTES_NONE,
    };
    uint64_t index = 0;
    CX_TRY(audit_store_number(tx, &record, &index, leaf));
    row->leaf_index = (int64_t)index;
    row->leaf_hash = CX_BYTES(leaf->b, sizeof(leaf->b));
    row->has_leaf_index = row->has_leaf_hash = true;
    return CX_OK;
}

static cx_err append(struct store_tx *tx, const struct audit_event *event,
                     const struct audit_entry *entry, const struct change_tie *tie)
{
    struct row_audit_entry row = {
        .tenant_id = event->tenant_id,
        .entry_id = entry->entry_id,
        .version = AUDIT_LEAF_VERSION,
        .time_us = entry->time_us,
        .action = cx_str_from(event->action),
        .outcome = outcome_name(event->outcome),
        .call_id = event->request_id,
        .has_call_id = !cx_id_is_zero(event->request_id),
        .commitment = CX_BYTES(entry->commitment, sizeof(entry->commitment)),
        .details = entry->details,
    };
    if (event->actor) {
        row.user_id = event->actor->user_id;
        row.has_user_id = !cx_id_is_zero(row.user_id);
        row.token_id = event->actor->token_id;
        row.has_token_id = !cx_id_is_zero(row.token_id);
    }
    if (!cx_id_is_zero(event->object_id)) {
        row.object_id = event->object_id;
        row.object_type = cx_str_from(cx_id_prefix(event->object_type));
        row.has_object_id = row.has_object_type = true;
    }
    if (tie && tie->count) {
        row.has_state_hash = true;
        row.state_hash = CX_BYTES(tie->hash, sizeof(tie->hash));
    }
    struct merkle_hash leaf;
    if (store_tx_is_alone(tx))
        CX_TRY(number_entry(tx, &row, &leaf));
    return row_audit_entry_insert(tx, &row);
}

cx_err audit_append(struct store_tx *tx, const struct audit_event *event,
                    const struct audit_entry *entry)
{
    return append(tx, event, entry, NULL);
}

struct commit {
    struct audit_event *event;
    const struct audit_entry *entry;
    store_fn fn;
    void *arg;
};

static cx_err change_and_append(struct store_tx *tx, void *arg)
{
    const struct commit *commit = arg;
    struct change_tie tie;
    change_tie_begin(tx, &tie, commit->event->tenant_id, commit->entry->entry_id);
    if (commit->fn)
        CX_TRY(commit->fn(tx, commit->arg));
    return append(tx, commit->event, commit->entry, &tie);
}

cx_err audit_commit(struct core *core, struct audit_event *event, store_fn fn, void *arg)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(COMMIT_ARENA_MAX);
    struct audit_entry *entry = NULL;
    CX_TRY(audit_prepare(core, &arena, event, &entry));
    struct commit commit = {.event = event, .entry = entry, .fn = fn, .arg = arg};
    CX_TRY(store_write(core->store, change_and_append, &commit));
    audit_wake(core->audit);
    return CX_OK;
}
