/* Opening a review: which bindings it is about, as they are in that transaction. */
#include "core/core.h"
#include "core/field.h"
#include "core/review/review.h"

enum { SCAN_PAGE = 500 };

static cx_err join_groups(const struct review_scope *scope, struct arena *arena,
                          struct cx_str *ret_text)
{
    struct cx_str text = CX_STR("");
    for (size_t i = 0; i < scope->group_count; i++) {
        char id[CX_ID_TEXT_MAX];
        cx_id_format(CX_ID_GROUP, scope->groups[i], id);
        CX_TRY(arena_printf(arena, &text, "%.*s%s%s", CX_STR_ARG(text), i ? " " : "", id));
    }
    *ret_text = text;
    return CX_OK;
}

static cx_err join_roles(const struct review_scope *scope, struct arena *arena,
                         struct cx_str *ret_text)
{
    struct cx_str text = CX_STR("");
    for (size_t i = 0; i < scope->role_count; i++)
        CX_TRY(arena_printf(arena, &text, "%.*s%s%.*s", CX_STR_ARG(text), i ? " " : "",
                            CX_STR_ARG(scope->roles[i])));
    *ret_text = text;
    return CX_OK;
}

cx_err review_prepare(struct core *core, struct arena *arena, const struct review_draft *draft,
                      struct review_opening *ret_opening)
{
    struct review_opening opening = {.core = core, .arena = arena, .scope = draft->scope};
    struct row_access_review *row = &opening.row;
    *row = (struct row_access_review){
        .tenant_id = draft->tenant_id,
        .state = CX_STR("open"),
        .has_opened_by_key = draft->key.len > 0,
        .opened_by_key = draft->key,
        .privileged = draft->scope.privileged,
        .created_us = draft->now_us,
        .has_created_by_id = !cx_id_is_zero(draft->by),
        .created_by_id = draft->by,
        .deadline_us = draft->deadline_us,
    };
    CX_TRY(cx_id_new_at(core->rng, draft->now_us, &row->review_id));
    CX_TRY(join_roles(&draft->scope, arena, &row->roles));
    CX_TRY(join_groups(&draft->scope, arena, &row->groups));
    struct field_place reason = {draft->tenant_id, "access_review", "reason", row->review_id};
    CX_TRY(field_seal_text(core, reason, draft->reason, arena, &row->reason));
    *ret_opening = opening;
    return CX_OK;
}

static bool has_group(const struct review_scope *scope, struct cx_id group_id)
{
    for (size_t i = 0; i < scope->group_count; i++)
        if (cx_id_eq(scope->groups[i], group_id))
            return true;
    return false;
}

/* Of the groups: given to one, reaching into one, or held by somebody in one. */
static cx_err groups_match(struct store_tx *tx, const struct review_opening *opening,
                           const struct binding_row *binding, bool *ret_match)
{
    const struct review_scope *scope = &opening->scope;
    bool match = scope->group_count == 0 ||
                 (binding->subject == ACCESS_GROUP && has_group(scope, binding->subject_id));
    for (size_t i = 0; i < binding->group_count && !match; i++)
        match = has_group(scope, binding->groups[i]);
    for (size_t i = 0; i < scope->group_count && !match && binding->subject == ACCESS_USER; i++) {
        struct cx_id *people = NULL;
        size_t count = 0;
        CX_TRY(access_people_of(tx, opening->row.tenant_id, scope->groups[i], opening->arena,
                                &people, &count));
        for (size_t p = 0; p < count && !match; p++)
            match = cx_id_eq(people[p], binding->subject_id);
    }
    *ret_match = match;
    return CX_OK;
}

static cx_err role_matches(struct store_tx *tx, const struct review_opening *opening,
                           struct cx_str role, bool *ret_match)
{
    const struct review_scope *scope = &opening->scope;
    struct permission_set permissions;
    bool match = scope->role_count == 0;
    for (size_t i = 0; i < scope->role_count && !match; i++)
        match = cx_str_eq(scope->roles[i], role);
    if (match && scope->privileged) {
        CX_TRY(access_role_permissions(tx, opening->row.tenant_id, role, ACCESS_NOW, &permissions,
                                       NULL));
        match = access_is_privileged(&permissions);
    }
    *ret_match = match;
    return CX_OK;
}

/* A token's own bindings narrow what its person may do: reviewing the person's reviews it. What awaits approval, or did
 * not get it, gives nothing; what one is eligible for does, at any moment. */
static cx_err is_meant(struct store_tx *tx, const struct review_opening *opening,
                       const struct binding_row *binding, bool *ret_meant)
{
    *ret_meant = false;
    if (binding->subject == ACCESS_TOKEN || binding->ended_us ||
        binding->standing == BINDING_PROPOSED || binding->standing == BINDING_DECLINED ||
        binding->expires_us <= opening->row.created_us)
        return CX_OK;
    CX_TRY(role_matches(tx, opening, binding->role, ret_meant));
    return *ret_meant ? groups_match(tx, opening, binding, ret_meant) : CX_OK;
}

static cx_err take_page(struct store_tx *tx, struct review_opening *opening,
                        const struct binding_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool meant = false;
        struct row_access_review_item item = {.tenant_id = opening->row.tenant_id,
                                              .review_id = opening->row.review_id,
                                              .binding_id = rows[i].binding_id,
                                              .state = CX_STR("open")};
        CX_TRY(is_meant(tx, opening, &rows[i], &meant));
        if (!meant)
            continue;
        if (++opening->item_count > REVIEW_ITEMS_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(cx_id_new(opening->core->rng, &item.item_id));
        CX_TRY(row_access_review_item_insert(tx, &item));
    }
    return CX_OK;
}

cx_err review_open(struct store_tx *tx, struct review_opening *opening)
{
    struct page_key after = PAGE_START;
    struct binding_row *rows = NULL;
    size_t count = SCAN_PAGE;
    bool opened = false;
    opening->item_count = 0;
    if (opening->row.has_opened_by_key)
        CX_TRY(review_opened_for(tx, opening->row.tenant_id, opening->row.opened_by_key, &opened));
    if (opened)
        return CX_ERR(CONFLICT);
    CX_TRY(row_access_review_insert(tx, &opening->row));
    CX_TRY(ARENA_NEW_ARRAY(opening->arena, SCAN_PAGE, &rows));
    while (count == SCAN_PAGE) {
        CX_TRY(binding_page(tx, opening->row.tenant_id, &after, SCAN_PAGE, opening->arena, rows,
                            &count));
        CX_TRY(take_page(tx, opening, rows, count));
        if (count)
            after = (struct page_key){rows[count - 1].created_us, rows[count - 1].binding_id};
    }
    return CX_OK;
}

cx_err review_is_subject(struct store_tx *tx, struct cx_id tenant_id,
                         const struct binding_row *binding, struct cx_id user_id,
                         struct arena *arena, bool *ret_subject)
{
    struct cx_id *people = NULL;
    size_t count = 0;
    *ret_subject = binding->subject == ACCESS_USER && cx_id_eq(binding->subject_id, user_id);
    if (binding->subject != ACCESS_GROUP)
        return CX_OK;
    CX_TRY(access_people_of(tx, tenant_id, binding->subject_id, arena, &people, &count));
    for (size_t i = 0; i < count && !*ret_subject; i++)
        *ret_subject = cx_id_eq(people[i], user_id);
    return CX_OK;
}
