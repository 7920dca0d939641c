/*
 * From what was noted to one letter a person: everything of theirs that waits, in one. Each thing is looked at once more, with the
 * rights of this moment: what was decided meanwhile, or is not theirs to see any more, is left out.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/access/access_store.h"
#include "core/access/rights_cache.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/letter/letter_store.h"
#include "core/letter/text.h"
#include "core/letter/worker.h"
#include "core/tenant/tenant_store.h"

enum { COMPOSE_ARENA_MAX = 64 * 1024 * 1024 };

struct composing {
    struct core *core;
    struct cx_id tenant_id;
    struct letter_due due;
    struct arena *arena;
    cx_time now_us;
    struct cx_str tenant, lines;
    struct user_row user;
    bool wanted;
    struct row_letter_event events[LETTER_ITEMS_MAX];
    size_t event_count;
    const struct row_letter_event *first;
    size_t kept;
    struct row_letter letter;
    bool writes; /* there is a letter */
};

/* Of their own they may know the outcome for as long as they may see any. */
static cx_err may_know(struct store_tx *tx, const struct composing *composing,
                       const struct principal *who, const struct row_letter_event *event,
                       const struct letter_item *item, bool *ret_may)
{
    if (!cx_str_is(event->kind, "decided"))
        return item->waits
                   ? letter_may_act(tx, who, item, composing->now_us, composing->arena, ret_may)
                   : CX_OK;
    *ret_may = cx_id_eq(item->requester_id, who->user_id) &&
               access_may_anywhere(who, item->type == LETTER_REQUEST ? PERMISSION_REQUEST_READ
                                                                     : PERMISSION_PROPOSAL_READ);
    return CX_OK;
}

static cx_err add_event(struct store_tx *tx, struct composing *composing,
                        const struct principal *who, const struct row_letter_event *event,
                        struct cx_buf *lines)
{
    struct letter_item item = {0};
    enum letter_item_type type;
    bool security = composing->due.security, may = security;
    if (!security) {
        if (!letter_item_type_of(event->object_type, &type))
            return CX_ERR(STORE);
        cx_err err = letter_item_read(tx, composing->tenant_id, type, event->object_id,
                                      composing->arena, &item);
        if (err.code == CX_E_NOTFOUND)
            return CX_OK;
        CX_TRY(err);
        CX_TRY(may_know(tx, composing, who, event, &item, &may));
    }
    if (!may)
        return CX_OK;
    if (composing->kept++ == 0)
        composing->first = event;
    return composing->kept > LETTER_SHOWN_MAX ? CX_OK
                                              : letter_line(event, security ? NULL : &item, lines);
}

static cx_err read_events(struct store_tx *tx, struct composing *composing, struct cx_buf *lines)
{
    struct principal who = {.tenant_id = composing->tenant_id,
                            .user_id = composing->due.user_id,
                            .authenticated = true};
    cx_err err = access_principal_load(composing->core, tx, composing->now_us, &who);
    for (size_t i = 0; i < composing->event_count && cx_is_ok(err); i++)
        err = add_event(tx, composing, &who, &composing->events[i], lines);
    access_principal_clear(&who);
    return err;
}

/* Whoever cannot log in gets no more about work; about their account they still do, unless it is disabled. */
static bool is_reachable(const struct composing *composing)
{
    const struct user_row *user = &composing->user;
    if (user->service || user->email.envelope.len == 0 || user->state == USER_DISABLED)
        return false;
    return composing->due.security || (composing->wanted && user->state == USER_ACTIVE);
}

static cx_err read_all(struct store_tx *tx, void *arg)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf lines = CX_BUF_INIT(LETTER_TEXT_MAX);
    struct composing *composing = arg;
    composing->kept = 0;
    composing->first = NULL;
    CX_TRY(letter_events_of(tx, composing->tenant_id, &composing->due, composing->arena,
                            composing->events, &composing->event_count));
    CX_TRY(user_find(tx, composing->tenant_id, composing->due.user_id, composing->arena,
                     &composing->user));
    CX_TRY(
        letter_choice_read(tx, composing->tenant_id, composing->due.user_id, &composing->wanted));
    if (is_reachable(composing))
        CX_TRY(read_events(tx, composing, &lines));
    struct cx_str text = CX_STR_NONE;
    CX_TRY(cx_str_view(cx_buf_view(&lines), &text));
    return arena_copy_str(composing->arena, text, &composing->lines);
}

static cx_err seal(struct composing *composing, const char *column, struct cx_str text,
                   struct cx_sealed *ret_sealed)
{
    struct field_place place = {composing->tenant_id, "letter", column,
                                composing->letter.letter_id};
    return field_seal_text(composing->core, place, text, composing->arena, ret_sealed);
}

static cx_err write_texts(struct composing *composing)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf subject = CX_BUF_INIT(LETTER_TEXT_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(LETTER_TEXT_MAX);
    struct row_letter *letter = &composing->letter;
    struct field_place email = {composing->tenant_id, "tenant_user", "email",
                                composing->due.user_id};
    struct cx_str address = CX_STR_NONE, text = CX_STR_NONE;
    bool security = composing->due.security;
    CX_TRY(
        letter_subject(security, composing->kept, composing->first, composing->tenant, &subject));
    CX_TRY(letter_body(security, composing->kept, composing->lines, composing->tenant,
                       composing->core->options.public_url, &body));
    CX_TRY(
        field_open_text(composing->core, email, composing->user.email, composing->arena, &address));
    CX_TRY(seal(composing, "address", address, &letter->address));
    CX_TRY(cx_str_view(cx_buf_view(&subject), &text));
    CX_TRY(seal(composing, "subject", text, &letter->subject));
    CX_TRY(cx_str_view(cx_buf_view(&body), &text));
    return seal(composing, "body", text, &letter->body);
}

static cx_err write_letter(struct store_tx *tx, void *arg)
{
    struct composing *composing = arg;
    struct cx_id letter_id = composing->writes ? composing->letter.letter_id : (struct cx_id){{0}};
    for (size_t i = 0; i < composing->event_count; i++)
        CX_TRY(letter_event_settle(tx, &composing->events[i], letter_id, composing->now_us));
    return composing->writes ? row_letter_insert(tx, &composing->letter) : CX_OK;
}

static cx_err commit(struct composing *composing)
{
    struct cx_str letter = CX_STR_NONE, about = CX_STR_NONE, events = CX_STR_NONE;
    struct cx_id letter_id = composing->letter.letter_id;
    if (composing->writes)
        CX_TRY(field_id_text(composing->arena, CX_ID_LETTER, letter_id, &letter));
    CX_TRY(arena_printf(composing->arena, &about, "%zu", composing->kept));
    CX_TRY(arena_printf(composing->arena, &events, "%zu", composing->event_count));
    const struct field_detail details[] = {
        {"letter", letter},
        {"about", about},
        {"of", events},
        {"kind", composing->due.security ? CX_STR("security") : CX_STR("work")}};
    struct audit_event event = {.action = "system.letter.compose",
                                .tenant_id = composing->tenant_id,
                                .object_type = CX_ID_USER,
                                .object_id = composing->due.user_id};
    CX_TRY(field_details(composing->arena, details, CX_COUNT_OF(details), &event.details));
    cx_err err = audit_commit(composing->core, &event, write_letter, composing);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

static cx_err compose_one(struct core *core, struct cx_id tenant_id, const struct letter_due *due)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(COMPOSE_ARENA_MAX);
    struct composing *composing = NULL;
    CX_TRY(ARENA_NEW(&arena, &composing));
    *composing = (struct composing){.core = core,
                                    .tenant_id = tenant_id,
                                    .due = *due,
                                    .arena = &arena,
                                    .now_us = cx_now(core->clock)};
    CX_TRY(tenant_name(core, tenant_id, &arena, &composing->tenant));
    CX_TRY(store_read(core->store, read_all, composing));
    composing->writes = composing->kept > 0;
    composing->letter = (struct row_letter){.tenant_id = tenant_id,
                                            .user_id = due->user_id,
                                            .security = due->security,
                                            .state = CX_STR("waiting"),
                                            .created_us = composing->now_us,
                                            .due_us = composing->now_us};
    CX_TRY(cx_id_new_at(core->rng, composing->now_us, &composing->letter.letter_id));
    if (composing->writes)
        CX_TRY(write_texts(composing));
    return commit(composing);
}

struct looking {
    struct cx_id tenant_id;
    cx_time now_us;
    struct letter_due due[LETTER_USERS_MAX];
    size_t count;
};

static cx_err look(struct store_tx *tx, void *arg)
{
    struct looking *looking = arg;
    return letter_users_due(tx, looking->tenant_id, looking->now_us, looking->due, &looking->count);
}

cx_err letter_compose_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread)
{
    struct looking looking = {.tenant_id = tenant_id, .now_us = cx_now(core->clock)};
    if (core->options.smtp_from.len == 0)
        return CX_OK;
    CX_TRY(store_read(core->store, look, &looking));
    for (size_t i = 0; i < looking.count && !os_worker_stopping(thread); i++)
        CX_TRY(compose_one(core, tenant_id, &looking.due[i]));
    return CX_OK;
}
