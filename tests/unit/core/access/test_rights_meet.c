/* What two tokens leave together, against asking each of them alone: for every place the meeting allows what both allow. */
#include "people.h"

#include "base/checked.h"

enum { GROUPS = 4, ROUNDS = 4000, BINDINGS = 3 };

static uint64_t seed = 0x9e3779b97f4a7c15u;

static unsigned pick(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed * 0x2545f4914f6cdd1du) >> 33) % below;
}

static const struct cx_id user = {{1}}, tokens[2] = {{{2}}, {{3}}};
static struct cx_id groups[GROUPS] = {{{11}}, {{12}}, {{13}}, {{14}}};
static struct access_tag all_tags[4] = {{CX_STR("env"), CX_STR("a")},
                                        {CX_STR("env"), CX_STR("b")},
                                        {CX_STR("team"), CX_STR("a")},
                                        {CX_STR("team"), CX_STR("b")}};
static const enum permission asked[] = {PERMISSION_CERTIFICATE_READ, PERMISSION_CERTIFICATE_REVOKE,
                                        PERMISSION_REQUEST_CREATE};

struct side {
    struct access_binding bindings[BINDINGS];
    struct cx_id groups[BINDINGS];
    struct tag_clause clauses[BINDINGS];
    struct tag_expression expressions[BINDINGS];
    struct access_state state;
};

static void make(struct side *side, struct cx_id token_id, const struct access_nesting *nestings,
                 size_t nesting_count)
{
    *side = (struct side){.state = {.nestings = nestings, .nesting_count = nesting_count}};
    side->state.bindings = side->bindings;
    side->state.binding_count = pick(BINDINGS + 1);
    for (size_t i = 0; i < side->state.binding_count; i++) {
        struct access_binding *binding = &side->bindings[i];
        *binding = (struct access_binding){.binding_id = {{(uint8_t)(50 + i)}},
                                           .subject = ACCESS_TOKEN,
                                           .subject_id = token_id,
                                           .role = CX_STR("some"),
                                           .everywhere = pick(4) == 0,
                                           .start_us = pick(2) ? 0 : 200,
                                           .expires_us = pick(4) ? CX_TIME_NEVER : 50};
        for (size_t p = 0; p < CX_COUNT_OF(asked); p++)
            if (pick(3))
                permission_set_add(&binding->permissions, asked[p]);
        if (binding->everywhere)
            continue;
        side->groups[i] = groups[pick(GROUPS)];
        if (pick(2)) {
            binding->groups = &side->groups[i];
            binding->group_count = 1;
        }
        side->clauses[i] = (struct tag_clause){&all_tags[2 * pick(2)], 1 + pick(2)};
        side->expressions[i] = (struct tag_expression){&side->clauses[i], 1};
        if (pick(2))
            binding->tags = &side->expressions[i];
    }
}

static bool allows(const struct access_state *state, struct cx_id token_id, enum permission asks,
                   const struct access_place *place)
{
    struct access_rights *rights = NULL;
    const struct access_subject_ids who = {.user_id = user, .token_id = token_id};
    assert_ok(access_rights_compile(state, who, 100, &rights));
    bool allowed =
        place ? access_rights_allow(rights, asks, place) : access_rights_everywhere(rights, asks);
    access_rights_release(rights);
    return allowed;
}

static void compare(const struct side *one, const struct side *other,
                    const struct access_state *met, unsigned *ret_allowed)
{
    for (size_t p = 0; p < CX_COUNT_OF(asked); p++) {
        for (unsigned i = 0; i < 6; i++) {
            struct cx_id group = groups[pick(GROUPS)];
            const struct access_tag tags[2] = {all_tags[pick(2)], all_tags[2 + pick(2)]};
            const struct access_place here = {&group, pick(2), tags, pick(3)};
            const struct access_place *place = i ? &here : NULL;
            bool both = allows(&one->state, tokens[0], asked[p], place) &&
                        allows(&other->state, tokens[1], asked[p], place);
            assert_int_equal(allows(met, tokens[0], asked[p], place), both);
            *ret_allowed += both;
        }
    }
}

static void both_and_no_more(void **state)
{
    (void)state;
    unsigned allowed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct side one, other;
        const struct access_nesting nestings[2] = {{groups[0], groups[1 + pick(3)]},
                                                   {groups[1], groups[2 + pick(2)]}};
        make(&one, tokens[0], nestings, pick(3));
        make(&other, tokens[1], nestings, one.state.nesting_count);
        struct access_state met = one.state;
        assert_ok(access_state_meet(&met, tokens[0], &other.state, tokens[1], &arena));
        compare(&one, &other, &met, &allowed);
        arena_clear(&arena);
    }
    assert_true(allowed > ROUNDS / 10); /* the comparison was about something */
}

/* A binding of somebody else in the same state is none of the token's. */
static void strangers_count_for_nothing(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct access_binding mine = {.subject = ACCESS_TOKEN,
                                  .subject_id = tokens[0],
                                  .everywhere = true,
                                  .expires_us = CX_TIME_NEVER};
    permission_set_add(&mine.permissions, PERMISSION_REQUEST_CREATE);
    struct access_binding theirs = mine;
    theirs.subject = ACCESS_USER;
    theirs.subject_id = tokens[1];
    struct access_state met = {.bindings = &mine, .binding_count = 1};
    const struct access_state other = {.bindings = &theirs, .binding_count = 1};
    assert_ok(access_state_meet(&met, tokens[0], &other, tokens[1], &arena));
    assert_int_equal(met.binding_count, 0);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_and_no_more),
                                       cmocka_unit_test(strangers_count_for_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
