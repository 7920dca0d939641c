/*
 * What two tokens leave together. A token that was made with another is narrowed by both, and each may be narrowed to
 * places of its own; so the bindings of one are met with those of the other, pair by pair: permissions, groups and times
 * that are in both, and the tag clauses of both, since every clause has to hold.
 */
#include "core/access/rights.h"

enum { REACH_MAX = 1 << 16 };

struct reach {
    struct cx_id *ids;
    size_t count;
};

static bool is_in(const struct reach *reach, struct cx_id id)
{
    for (size_t i = 0; i < reach->count; i++)
        if (cx_id_eq(reach->ids[i], id))
            return true;
    return false;
}

/* The groups of a binding and all that are nested below them. */
static cx_err reach_of(const struct access_state *state, const struct access_binding *binding,
                       struct arena *arena, struct reach *ret_reach)
{
    struct reach reach = {NULL, 0};
    if (binding->group_count + state->nesting_count > REACH_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(ARENA_NEW_ARRAY(arena, binding->group_count + state->nesting_count, &reach.ids));
    for (size_t i = 0; i < binding->group_count; i++)
        if (!is_in(&reach, binding->groups[i]))
            reach.ids[reach.count++] = binding->groups[i];
    for (size_t i = 0; i < reach.count; i++)
        for (size_t n = 0; n < state->nesting_count; n++)
            if (cx_id_eq(state->nestings[n].parent_id, reach.ids[i]) &&
                !is_in(&reach, state->nestings[n].child_id))
                reach.ids[reach.count++] = state->nestings[n].child_id;
    *ret_reach = reach;
    return CX_OK;
}

/* *ret_empty: no group is in both, so the pair holds nowhere. */
static cx_err meet_groups(const struct access_state *state, const struct access_binding *a,
                          const struct access_binding *b, struct arena *arena,
                          struct access_binding *met, bool *ret_empty)
{
    struct reach one, other, both = {NULL, 0};
    *ret_empty = false;
    met->groups = a->group_count ? a->groups : b->groups;
    met->group_count = a->group_count ? a->group_count : b->group_count;
    if (a->group_count == 0 || b->group_count == 0)
        return CX_OK;
    CX_TRY(reach_of(state, a, arena, &one));
    CX_TRY(reach_of(state, b, arena, &other));
    CX_TRY(ARENA_NEW_ARRAY(arena, one.count, &both.ids));
    for (size_t i = 0; i < one.count; i++)
        if (is_in(&other, one.ids[i]))
            both.ids[both.count++] = one.ids[i];
    met->groups = both.ids;
    met->group_count = both.count;
    *ret_empty = both.count == 0;
    return CX_OK;
}

static cx_err meet_tags(const struct access_binding *a, const struct access_binding *b,
                        struct arena *arena, struct access_binding *met)
{
    struct tag_expression *both = NULL;
    met->tags = a->tags ? a->tags : b->tags;
    if (!a->tags || !b->tags)
        return CX_OK;
    CX_TRY(ARENA_NEW(arena, &both));
    both->count = a->tags->count + b->tags->count;
    CX_TRY(ARENA_NEW_ARRAY(arena, both->count, &both->clauses));
    memcpy(both->clauses, a->tags->clauses, a->tags->count * sizeof(*both->clauses));
    memcpy(both->clauses + a->tags->count, b->tags->clauses,
           b->tags->count * sizeof(*both->clauses));
    met->tags = both;
    return CX_OK;
}

static bool has_scope(const struct access_binding *binding)
{
    return binding->everywhere || binding->group_count || binding->tags;
}

static bool meet_permissions(const struct access_binding *a, const struct access_binding *b,
                             struct access_binding *met)
{
    uint64_t some = 0;
    for (size_t i = 0; i < PERMISSION_WORDS; i++) {
        met->permissions.words[i] = a->permissions.words[i] & b->permissions.words[i];
        some |= met->permissions.words[i];
    }
    return some != 0;
}

/* *ret_empty: the pair permits nothing. */
static cx_err meet(const struct access_state *state, const struct access_binding *a,
                   const struct access_binding *b, struct arena *arena,
                   struct access_binding *ret_met, bool *ret_empty)
{
    struct access_binding met = *a;
    *ret_empty = true;
    if (!has_scope(a) || !has_scope(b) || !meet_permissions(a, b, &met))
        return CX_OK;
    met.everywhere = a->everywhere && b->everywhere;
    met.start_us = a->start_us > b->start_us ? a->start_us : b->start_us;
    met.expires_us = a->expires_us < b->expires_us ? a->expires_us : b->expires_us;
    CX_TRY(meet_tags(a, b, arena, &met));
    CX_TRY(meet_groups(state, a, b, arena, &met, ret_empty));
    *ret_met = met;
    return CX_OK;
}

static bool is_of(const struct access_binding *binding, struct cx_id token_id)
{
    return binding->subject == ACCESS_TOKEN && cx_id_eq(binding->subject_id, token_id);
}

static size_t count_of(const struct access_state *state, struct cx_id token_id)
{
    size_t count = 0;
    for (size_t i = 0; i < state->binding_count; i++)
        count += is_of(&state->bindings[i], token_id);
    return count;
}

cx_err access_state_meet(struct access_state *state, struct cx_id token_id,
                         const struct access_state *other, struct cx_id other_id,
                         struct arena *arena)
{
    size_t pairs = count_of(state, token_id) * count_of(other, other_id), count = 0;
    struct access_binding *met = NULL;
    if (pairs > ACCESS_MEET_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(ARENA_NEW_ARRAY(arena, pairs, &met));
    for (size_t i = 0; i < state->binding_count; i++) {
        for (size_t j = 0; is_of(&state->bindings[i], token_id) && j < other->binding_count; j++) {
            bool empty = true;
            if (!is_of(&other->bindings[j], other_id))
                continue;
            CX_TRY(
                meet(state, &state->bindings[i], &other->bindings[j], arena, &met[count], &empty));
            count += empty ? 0 : 1;
        }
    }
    state->bindings = met;
    state->binding_count = count;
    return CX_OK;
}
