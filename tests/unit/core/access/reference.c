#include "reference.h"

enum { FAR = 1000 };

/* Is the group the other, or nested somewhere below it? depth bounds the walk, should there be a cycle. */
static bool lies_in(const struct access_state *state, struct cx_id group_id, struct cx_id above_id,
                    int depth)
{
    if (cx_id_eq(group_id, above_id))
        return true;
    for (size_t i = 0; depth > 0 && i < state->nesting_count; i++)
        if (cx_id_eq(state->nestings[i].child_id, group_id) &&
            lies_in(state, state->nestings[i].parent_id, above_id, depth - 1))
            return true;
    return false;
}

/* How many groups one passes from the group up to the other, both counted; FAR when it is not above. */
static size_t climb(const struct access_state *state, struct cx_id group_id, struct cx_id above_id,
                    int depth)
{
    size_t best = cx_id_eq(group_id, above_id) ? 1 : FAR;
    for (size_t i = 0; depth > 0 && i < state->nesting_count; i++) {
        if (!cx_id_eq(state->nestings[i].child_id, group_id))
            continue;
        size_t further = climb(state, state->nestings[i].parent_id, above_id, depth - 1);
        if (further < FAR && further + 1 < best)
            best = further + 1;
    }
    return best;
}

/* The same by way of a third group. */
static size_t climb_by(const struct access_state *state, struct cx_id group_id, struct cx_id by_id,
                       struct cx_id above_id)
{
    size_t below = climb(state, group_id, by_id, 8), above = climb(state, by_id, above_id, 8);
    return below < FAR && above < FAR ? below + above - 1 : FAR;
}

static size_t distance_of(const struct access_state *state, struct access_subject_ids who,
                          const struct access_binding *binding)
{
    size_t best = FAR;
    bool token = !cx_id_is_zero(who.token_id), member = !cx_id_is_zero(who.group_id);
    if (binding->subject == ACCESS_TOKEN)
        return token && cx_id_eq(binding->subject_id, who.token_id) ? 0 : FAR;
    if (token)
        return FAR;
    if (binding->subject == ACCESS_USER)
        return !member && cx_id_eq(binding->subject_id, who.user_id) ? 0 : FAR;
    for (size_t i = 0; i < state->member_count; i++) {
        if (!cx_id_eq(state->members[i].user_id, who.user_id))
            continue;
        struct cx_id group_id = state->members[i].group_id;
        size_t distance = member ? climb_by(state, group_id, who.group_id, binding->subject_id)
                                 : climb(state, group_id, binding->subject_id, 8);
        best = distance < best ? distance : best;
    }
    return best;
}

static bool group_holds(const struct access_state *state, const struct access_binding *binding,
                        const struct access_place *place)
{
    if (binding->group_count == 0)
        return true;
    for (size_t g = 0; g < place->group_count; g++)
        for (size_t i = 0; i < binding->group_count; i++)
            if (lies_in(state, place->groups[g], binding->groups[i], 8))
                return true;
    return false;
}

static bool tags_hold(const struct access_binding *binding, const struct access_place *place)
{
    for (size_t c = 0; binding->tags && c < binding->tags->count; c++) {
        const struct tag_clause *clause = &binding->tags->clauses[c];
        bool holds = false;
        for (size_t a = 0; a < clause->count; a++)
            for (size_t t = 0; t < place->tag_count; t++)
                if (cx_str_eq(clause->tags[a].name, place->tags[t].name) &&
                    cx_str_eq(clause->tags[a].value, place->tags[t].value))
                    holds = true;
        if (!holds)
            return false;
    }
    return true;
}

static bool scope_holds(const struct access_state *state, const struct access_binding *binding,
                        const struct access_place *place)
{
    if (binding->everywhere)
        return true;
    if (binding->group_count == 0 && !binding->tags)
        return false;
    return group_holds(state, binding, place) && tags_hold(binding, place);
}

struct reference_answer reference_decide(const struct access_state *state,
                                         const struct reference_question *question)
{
    struct reference_answer answer = {0};
    for (size_t i = 0; i < state->binding_count; i++) {
        const struct access_binding *binding = &state->bindings[i];
        size_t distance = distance_of(state, question->who, binding);
        if (distance == FAR || question->now_us < binding->start_us ||
            question->now_us >= binding->expires_us)
            continue;
        if (!permission_set_has(&binding->permissions, question->permission) ||
            !scope_holds(state, binding, &question->place))
            continue;
        if (answer.allowed && memcmp(binding->binding_id.b, answer.binding_id.b, 16) > 0)
            continue;
        answer = (struct reference_answer){true, binding->binding_id, distance};
    }
    return answer;
}
