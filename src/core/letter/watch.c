/*
 * From the audit log to what somebody has to be told. The log is the one place where everything that happens arrives, in order
 * and committed with it, so nothing else has to know of letters; how far it was read moves on in the transaction that
 * stores what was found there, so a death repeats nothing and loses nothing.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/issuance/request_store.h"
#include "core/letter/item.h"
#include "core/letter/letter_store.h"
#include "core/letter/worker.h"
#include "core/review/review_store.h"

enum {
    WATCH_ARENA_MAX = 256 * 1024 * 1024,
    FOUND_SOFT_MAX = 4096, /* then a step ends: more than one entry adds goes beyond it */
    FOUND_MAX =
        FOUND_SOFT_MAX + 2 * LETTER_AUDIENCE_MAX + 8, /* a review, an entry, and its actor */
    REVIEWS_MAX = 64,
    STEPS_MAX = 64, /* then other tenants have their turn */
};
/* What is older is not told any more: a relay that comes late brings no flood. */
#define STALE_US CX_US_PER_DAY
#define REVIEW_NEAR_US (3 * CX_US_PER_DAY)

struct watch {
    struct core *core;
    struct cx_id tenant_id;
    cx_time now_us;
    struct arena *arena;
    struct letter_audience audience;
    bool known;
    int64_t was, next;
    cx_time reviews_was_us, reviews_us;
    bool near; /* the deadline of a review has come near */
    struct letter_entry entries[LETTER_READ_MAX];
    size_t entry_count;
    struct row_letter_event *found;
    size_t found_count;
};

static void add(struct watch *watch, struct cx_id user_id, const struct row_letter_event *event)
{
    struct row_letter_event *row = &watch->found[watch->found_count++];
    *row = *event;
    row->tenant_id = watch->tenant_id;
    row->user_id = user_id;
}

/* ---- what waits ---- */

static cx_err tell_all(struct store_tx *tx, struct watch *watch, const struct letter_item *item,
                       const struct row_letter_event *event)
{
    CX_TRY(
        letter_audience_read(tx, watch->tenant_id, watch->now_us, watch->arena, &watch->audience));
    for (size_t i = 0; i < watch->audience.count; i++) {
        const struct letter_person *person = &watch->audience.people[i];
        const struct principal who = {.tenant_id = watch->tenant_id,
                                      .user_id = person->user_id,
                                      .rights = person->rights,
                                      .authenticated = true};
        bool may = false;
        CX_TRY(letter_may_act(tx, &who, item, watch->now_us, watch->arena, &may));
        if (may)
            add(watch, person->user_id, event);
    }
    return CX_OK;
}

/* To those who see to everybody's access: an opened break-glass account is theirs to know of. */
static cx_err tell_opened(struct store_tx *tx, struct watch *watch,
                          const struct letter_entry *entry)
{
    const struct row_letter_event event = {.kind = CX_STR("security"),
                                           .object_id = entry->entry_id,
                                           .object_type = entry->object_type,
                                           .action = CX_STR("break-glass.open"),
                                           .at_us = entry->time_us};
    CX_TRY(
        letter_audience_read(tx, watch->tenant_id, watch->now_us, watch->arena, &watch->audience));
    for (size_t i = 0; i < watch->audience.count; i++)
        if (access_rights_everywhere(watch->audience.people[i].rights, PERMISSION_PROPOSAL_DECIDE))
            add(watch, watch->audience.people[i].user_id, &event);
    return CX_OK;
}

static bool is_one_of(struct cx_str word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_is(word, list[i]))
            return true;
    return false;
}

static cx_err look_at_item(struct store_tx *tx, struct watch *watch,
                           const struct letter_entry *entry, enum letter_item_type type,
                           struct cx_id id)
{
    static const char *const ends[] = {"request.approve",  "request.reject",  "delegation.decide",
                                       "proposal.approve", "proposal.reject", "approval.expire"};
    struct letter_item item;
    cx_err err = letter_item_read(tx, watch->tenant_id, type, id, watch->arena, &item);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    struct row_letter_event event = {
        .kind = CX_STR("waiting"),
        .object_id = id,
        .mark = item.stage,
        .object_type = cx_str_from(cx_id_prefix(type == LETTER_REQUEST    ? CX_ID_REQUEST
                                                : type == LETTER_PROPOSAL ? CX_ID_PROPOSAL
                                                                          : CX_ID_REVIEW)),
        .action = entry->action,
        .at_us = entry->time_us};
    if (cx_str_is(entry->action, "approval.escalate"))
        event.kind = CX_STR("escalated");
    if (type == LETTER_REVIEW)
        event.kind = CX_STR("review-opened");
    if (item.waits)
        return tell_all(tx, watch, &item, &event);
    if (cx_str_is(item.kind, "break_glass") && cx_str_is(item.state, "done") &&
        cx_str_is(entry->action, "proposal.approve"))
        CX_TRY(tell_opened(tx, watch, entry));
    if (!is_one_of(entry->action, ends, CX_COUNT_OF(ends)) || cx_id_is_zero(item.requester_id))
        return CX_OK;
    event.kind = CX_STR("decided");
    event.mark = 0;
    add(watch, item.requester_id, &event);
    return CX_OK;
}

/* Of an entry about a binding, rule or account: the proposal that came with it. */
static cx_err look_at_proposal(struct store_tx *tx, struct watch *watch,
                               const struct letter_entry *entry)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         cx_str_is(entry->action, "break-glass.open")
                             ? "SELECT proposal_id FROM proposal WHERE tenant_id = $1 "
                               "AND state = 'awaiting_approval' AND kind = 'break_glass' "
                               "AND receiver_id = $2 ORDER BY created_us DESC LIMIT 1"
                             : "SELECT proposal_id FROM proposal WHERE tenant_id = $1 "
                               "AND state = 'awaiting_approval' AND target_id = $2 "
                               "ORDER BY created_us DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, watch->tenant_id);
    store_bind_id(q, 2, entry->object_id);
    CX_TRY(store_step(q, &row));
    return row ? look_at_item(tx, watch, entry, LETTER_PROPOSAL, store_col_id(q, 0)) : CX_OK;
}

/* ---- somebody's own account ---- */

static void look_at_account(struct watch *watch, const struct letter_entry *entry)
{
    /* What who acts did to their own account, and what was done to the account that the entry is about. */
    static const char *const own[] = {"factor.passkey.create", "factor.passkey.remove",
                                      "factor.password.set", "factor.totp.confirm",
                                      "factor.certificate.bind"};
    static const char *const theirs[] = {"user.factor.reset", "user.link.create", "user.enroll",
                                         "break-glass.create"};
    struct row_letter_event event = {.kind = CX_STR("security"),
                                     .object_id = entry->entry_id,
                                     .object_type = entry->object_type,
                                     .action = entry->action,
                                     .at_us = entry->time_us};
    bool about_user = cx_str_is(entry->object_type, "usr");
    if (cx_str_is(entry->action, "system.login.throttled") && about_user) {
        event.object_id = entry->object_id;
        event.mark =
            entry->time_us / CX_US_PER_DAY; /* one a day: strangers cannot flood a mailbox */
        add(watch, entry->object_id, &event);
    } else if (entry->done && is_one_of(entry->action, own, CX_COUNT_OF(own)) &&
               !cx_id_is_zero(entry->user_id)) {
        add(watch, entry->user_id, &event);
    } else if (entry->done && about_user && is_one_of(entry->action, theirs, CX_COUNT_OF(theirs))) {
        add(watch, entry->object_id, &event);
    }
}

static cx_err look_at_entry(struct store_tx *tx, struct watch *watch,
                            const struct letter_entry *entry)
{
    static const char *const proposing[] = {"binding.create", "binding.activate",
                                            "approval.rule.create", "approval.rule.end",
                                            "break-glass.open"};
    enum letter_item_type type;
    if (entry->time_us < watch->now_us - STALE_US)
        return CX_OK;
    look_at_account(watch, entry);
    if (!entry->done)
        return CX_OK;
    if (is_one_of(entry->action, proposing, CX_COUNT_OF(proposing)))
        return look_at_proposal(tx, watch, entry);
    if (!letter_item_type_of(entry->object_type, &type))
        return CX_OK;
    bool opens =
        cx_str_is(entry->action, "review.open") || cx_str_is(entry->action, "review.create");
    return type == LETTER_REVIEW && !opens ? CX_OK
                                           : look_at_item(tx, watch, entry, type, entry->object_id);
}

/* ---- deadlines ---- */

/* Each review once: when its deadline comes near between the last look and this one. */
static cx_err look_at_reviews(struct store_tx *tx, struct watch *watch)
{
    struct review_row *rows = NULL;
    size_t count = 0;
    watch->reviews_us = watch->now_us;
    watch->near = false;
    CX_TRY(ARENA_NEW_ARRAY(watch->arena, REVIEWS_MAX, &rows));
    CX_TRY(review_open_ones(tx, watch->tenant_id, REVIEWS_MAX, watch->arena, rows, &count));
    for (size_t i = 0; i < count; i++) {
        cx_time near_us = rows[i].deadline_us - REVIEW_NEAR_US;
        struct letter_item item;
        if (near_us <= watch->reviews_was_us || near_us > watch->now_us ||
            rows[i].created_us > near_us)
            continue;
        watch->near = true;
        if (watch->found_count > FOUND_SOFT_MAX) {
            watch->reviews_us =
                watch->reviews_was_us; /* the next step goes on; nobody is told twice */
            return CX_OK;
        }
        const struct row_letter_event event = {.kind = CX_STR("review-due"),
                                               .object_id = rows[i].review_id,
                                               .object_type =
                                                   cx_str_from(cx_id_prefix(CX_ID_REVIEW)),
                                               .action = CX_STR("review.due"),
                                               .at_us = near_us};
        CX_TRY(letter_item_read(tx, watch->tenant_id, LETTER_REVIEW, rows[i].review_id,
                                watch->arena, &item));
        if (item.waits)
            CX_TRY(tell_all(tx, watch, &item, &event));
    }
    return CX_OK;
}

/* ---- a step ---- */

static cx_err read_step(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    letter_audience_clear(&watch->audience); /* a closure may run again */
    watch->found_count = watch->entry_count = 0;
    CX_TRY(letter_cursor_read(tx, watch->tenant_id, &watch->known, &watch->was,
                              &watch->reviews_was_us));
    if (!watch->known)
        return letter_log_size(tx, watch->tenant_id, &watch->next);
    CX_TRY(letter_entries(tx, watch->tenant_id, watch->was, watch->arena, watch->entries,
                          &watch->entry_count));
    if (!watch->found)
        CX_TRY(ARENA_NEW_ARRAY(watch->arena, FOUND_MAX, &watch->found));
    CX_TRY(look_at_reviews(tx, watch));
    watch->next = watch->was;
    for (size_t i = 0; i < watch->entry_count && watch->found_count <= FOUND_SOFT_MAX; i++) {
        CX_TRY(look_at_entry(tx, watch, &watch->entries[i]));
        watch->next++; /* leaves have no gaps */
    }
    return CX_OK;
}

static cx_err write_step(struct store_tx *tx, void *arg)
{
    struct watch *watch = arg;
    if (!watch->known)
        return row_letter_cursor_insert(tx,
                                        &(struct row_letter_cursor){.tenant_id = watch->tenant_id,
                                                                    .leaf_index = watch->next,
                                                                    .reviews_us = watch->now_us});
    CX_TRY(letter_cursor_move(tx, watch->tenant_id, watch->was, watch->next, watch->reviews_us));
    for (size_t i = 0; i < watch->found_count; i++)
        CX_TRY(letter_event_add(tx, &watch->found[i]));
    return CX_OK;
}

static cx_err step(struct core *core, struct cx_id tenant_id, bool *ret_more)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(WATCH_ARENA_MAX);
    struct watch *watch = NULL;
    CX_TRY(ARENA_NEW(&arena, &watch));
    watch->core = core;
    watch->tenant_id = tenant_id;
    watch->arena = &arena;
    watch->now_us = cx_now(core->clock);
    cx_err err = store_read(core->store, read_step, watch);
    letter_audience_clear(&watch->audience);
    CX_TRY(err);
    *ret_more = watch->entry_count == LETTER_READ_MAX || watch->found_count > FOUND_SOFT_MAX;
    /* Nothing new, and no deadline: nothing is written on an idle instance. */
    if (watch->known && watch->next == watch->was && !watch->near)
        return CX_OK;
    /* What the log says is noted for later; the letter that comes of it has its entry. */
    err = store_write(core->store, write_step, watch);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

cx_err letter_watch_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    bool more = core->options.smtp_from.len > 0; /* no relay: nobody is told, and nothing kept */
    for (int i = 0; more && i < STEPS_MAX && !os_worker_stopping(thread); i++)
        CX_TRY(step(core, tenant_id, &more));
    return CX_OK;
}
