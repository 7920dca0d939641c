/*
 * Compiled rights against the reference evaluator, on random states and questions, answers and reasons alike; and the
 * properties that hold whatever the state: default deny, no order, no right of another tenant. 1 000 000 pairs in the
 * ordinary run; CX_ACCESS_PAIRS=10000000 for the long one. The seed is printed; CX_ACCESS_SEED repeats a run.
 */
#include "people.h"
#include "reference.h"

enum {
    USERS = 6,
    GROUPS = 7,
    TOKENS = 2,
    NAMES = 2,
    VALUES = 3,
    BINDINGS_MAX = 14,
    QUESTIONS_A_STATE = 40,
    PAIRS = 1000000
};

struct world {
    struct access_state state;
    struct access_member members[8];
    struct access_nesting nestings[8];
    struct access_binding bindings[BINDINGS_MAX];
    struct cx_id groups[BINDINGS_MAX][2];
    struct tag_expression expressions[BINDINGS_MAX];
    struct tag_clause clauses[BINDINGS_MAX][2];
    struct access_tag alternatives[BINDINGS_MAX][2][2];
};

static uint64_t seed;

static unsigned pick(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed * 0x2545f4914f6cdd1du) >> 33) % below;
}

static struct cx_id id_of(uint8_t kind, unsigned number)
{
    struct cx_id id = {{kind}};
    id.b[15] = (uint8_t)(number + 1);
    id.b[9] = (uint8_t)(number * 37);
    return id;
}

static struct access_tag tag_of(unsigned name, unsigned value)
{
    static const char *const names[NAMES] = {"env", "team"};
    static const char *const values[VALUES] = {"a", "b", "c"};
    return (struct access_tag){cx_str_from(names[name]), cx_str_from(values[value])};
}

static void make_expression(struct world *world, unsigned i)
{
    struct tag_expression *expression = &world->expressions[i];
    expression->clauses = world->clauses[i];
    expression->count = 1 + pick(2);
    for (size_t c = 0; c < expression->count; c++) {
        world->clauses[i][c].tags = world->alternatives[i][c];
        world->clauses[i][c].count = 1 + pick(2);
        for (size_t a = 0; a < world->clauses[i][c].count; a++)
            world->alternatives[i][c][a] = tag_of(pick(NAMES), pick(VALUES));
    }
    world->bindings[i].tags = expression;
}

static void make_binding(struct world *world, unsigned i)
{
    struct access_binding *binding = &world->bindings[i];
    *binding = (struct access_binding){.binding_id = id_of(9, pick(200)),
                                       .subject = (enum access_subject)pick(3),
                                       .role = CX_STR("role"),
                                       .everywhere = pick(8) == 0,
                                       .start_us = pick(3) ? 0 : 10,
                                       .expires_us = pick(3) ? CX_TIME_NEVER : 20};
    binding->binding_id.b[14] = (uint8_t)i; /* each its own */
    binding->subject_id = binding->subject == ACCESS_USER    ? id_of(1, pick(USERS))
                          : binding->subject == ACCESS_GROUP ? id_of(2, pick(GROUPS))
                                                             : id_of(3, pick(TOKENS));
    /* A share of them, so that a larger contract leaves as many questions allowed. */
    for (int p = 0; p < 1 + PERMISSION_COUNT / 24; p++)
        permission_set_add(&binding->permissions, (enum permission)pick(PERMISSION_COUNT));
    binding->groups = world->groups[i];
    binding->group_count = pick(3);
    for (size_t g = 0; g < binding->group_count; g++)
        world->groups[i][g] = id_of(2, pick(GROUPS));
    if (pick(2))
        make_expression(world, i);
}

/* Nesting goes from lower to higher numbers: no cycle, and shared groups on several ways. */
static void make_world(struct world *world)
{
    *world = (struct world){0};
    world->state.members = world->members;
    world->state.nestings = world->nestings;
    world->state.bindings = world->bindings;
    for (unsigned n = pick(9); world->state.member_count < n;)
        world->members[world->state.member_count++] =
            (struct access_member){id_of(2, pick(GROUPS)), id_of(1, pick(USERS))};
    for (unsigned n = pick(9); world->state.nesting_count < n;) {
        unsigned parent = pick(GROUPS - 1);
        unsigned child = parent + 1 + pick(GROUPS - 1 - parent);
        world->nestings[world->state.nesting_count++] =
            (struct access_nesting){id_of(2, parent), id_of(2, child)};
    }
    for (unsigned n = pick(BINDINGS_MAX + 1); world->state.binding_count < n;)
        make_binding(world, (unsigned)world->state.binding_count++);
}

struct asked {
    struct reference_question question;
    struct cx_id groups[2];
    struct access_tag tags[2];
};

static void make_question(struct asked *asked, struct access_subject_ids who, cx_time now_us)
{
    *asked = (struct asked){.question = {.who = who, .now_us = now_us}};
    struct access_place *place = &asked->question.place;
    asked->question.permission = (enum permission)pick(PERMISSION_COUNT);
    place->groups = asked->groups;
    place->group_count = pick(3);
    for (size_t i = 0; i < place->group_count; i++)
        asked->groups[i] = id_of(2, pick(GROUPS));
    place->tags = asked->tags;
    place->tag_count = pick(3);
    for (unsigned i = 0; i < place->tag_count; i++)
        asked->tags[i] = tag_of(i, pick(VALUES));
}

/* The named path is one: a member of its first group, each nested in the next, and the last is the subject. */
static void check_path(const struct world *world, const struct access_held *held,
                       struct cx_id user_id)
{
    const struct access_state *state = &world->state;
    bool member = held->path_count == 0;
    for (size_t i = 0; i < state->member_count && held->path_count; i++)
        member = member || (cx_id_eq(state->members[i].user_id, user_id) &&
                            cx_id_eq(state->members[i].group_id, held->path[0]));
    assert_true(member);
    for (size_t i = 1; i < held->path_count; i++) {
        bool nested = false;
        for (size_t n = 0; n < state->nesting_count; n++)
            nested = nested || (cx_id_eq(state->nestings[n].child_id, held->path[i - 1]) &&
                                cx_id_eq(state->nestings[n].parent_id, held->path[i]));
        assert_true(nested);
    }
    if (held->path_count)
        assert_true(cx_id_eq(held->path[held->path_count - 1], held->binding->subject_id));
}

static void compare(const struct world *world, const struct access_rights *rights,
                    const struct asked *asked)
{
    const struct reference_question *question = &asked->question;
    struct reference_answer expected = reference_decide(&world->state, question);
    const struct access_held *held =
        access_rights_reason(rights, question->permission, &question->place);
    assert_int_equal(access_rights_allow(rights, question->permission, &question->place),
                     expected.allowed);
    assert_int_equal(held != NULL, expected.allowed);
    if (!held)
        return;
    assert_true(cx_id_eq(held->binding->binding_id, expected.binding_id));
    assert_int_equal(held->path_count, expected.distance);
    check_path(world, held, question->who.user_id);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static struct access_subject_ids pick_subject(void)
{
    struct access_subject_ids who = {.user_id = id_of(1, pick(USERS))};
    if (pick(4) == 0)
        who.token_id = id_of(3, pick(TOKENS));
    else if (pick(3) == 0)
        who.group_id = id_of(2, pick(GROUPS));
    return who;
}

static void compiled_and_reference_agree(void **state)
{
    (void)state;
    static struct world world;
    uint64_t pairs = number_of("CX_ACCESS_PAIRS", PAIRS), allowed = 0;
    seed = number_of("CX_ACCESS_SEED", 0x0123456789abcdefu);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (uint64_t done = 0; done < pairs; done += QUESTIONS_A_STATE) {
        struct access_subject_ids who = pick_subject();
        struct access_rights *rights = NULL;
        cx_time now_us = (cx_time)pick(30);
        make_world(&world);
        assert_ok(access_rights_compile(&world.state, who, now_us, &rights));
        for (int q = 0; q < QUESTIONS_A_STATE; q++) {
            struct asked asked;
            make_question(&asked, who, now_us);
            compare(&world, rights, &asked);
            allowed +=
                access_rights_allow(rights, asked.question.permission, &asked.question.place);
        }
        access_rights_release(rights);
    }
    assert_true(allowed > pairs / 200); /* the questions are not all idle */
}

static void the_order_of_rows_means_nothing(void **state)
{
    (void)state;
    static struct world world;
    seed = 77;
    for (int n = 0; n < 2000; n++) {
        struct access_subject_ids who = pick_subject();
        struct access_rights *one = NULL, *other = NULL;
        make_world(&world);
        assert_ok(access_rights_compile(&world.state, who, 5, &one));
        for (size_t i = world.state.binding_count; i > 1; i--) {
            size_t j = pick((unsigned)i);
            struct access_binding held = world.bindings[i - 1];
            world.bindings[i - 1] = world.bindings[j];
            world.bindings[j] = held;
        }
        assert_ok(access_rights_compile(&world.state, who, 5, &other));
        for (int q = 0; q < 20; q++) {
            struct asked asked;
            make_question(&asked, who, 5);
            assert_int_equal(
                access_rights_allow(one, asked.question.permission, &asked.question.place),
                access_rights_allow(other, asked.question.permission, &asked.question.place));
        }
        access_rights_release(one);
        access_rights_release(other);
    }
}

/* Taking a row away never adds a right: there is nothing that a missing row would forbid. */
static void a_row_less_is_never_a_right_more(void **state)
{
    (void)state;
    static struct world world;
    seed = 99;
    for (int n = 0; n < 2000; n++) {
        struct access_subject_ids who = pick_subject();
        struct access_rights *more = NULL, *less = NULL;
        make_world(&world);
        assert_ok(access_rights_compile(&world.state, who, 5, &more));
        if (world.state.binding_count)
            world.state.binding_count--;
        if (world.state.member_count)
            world.state.member_count--;
        assert_ok(access_rights_compile(&world.state, who, 5, &less));
        for (int q = 0; q < 20; q++) {
            struct asked asked;
            make_question(&asked, who, 5);
            if (access_rights_allow(less, asked.question.permission, &asked.question.place))
                assert_true(
                    access_rights_allow(more, asked.question.permission, &asked.question.place));
        }
        access_rights_release(more);
        access_rights_release(less);
    }
}

static void nothing_is_granted_by_default(void **state)
{
    (void)state;
    struct access_state empty = {0};
    struct access_rights *rights = NULL;
    struct cx_id group = id_of(2, 1);
    struct access_tag tag = tag_of(0, 0);
    struct access_place place = {&group, 1, &tag, 1};
    assert_ok(access_rights_compile(&empty, pick_subject(), 5, &rights));
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        assert_false(access_rights_allow(rights, (enum permission)p, &place));
        assert_false(access_rights_anywhere(rights, (enum permission)p));
    }
    access_rights_release(rights);
}

/* A binding that says neither groups, nor tags, nor everywhere holds nowhere; one that begins or ends is told. */
static void a_scope_left_out_is_no_scope(void **state)
{
    (void)state;
    struct access_binding binding = {.binding_id = id_of(9, 1),
                                     .subject = ACCESS_USER,
                                     .subject_id = id_of(1, 1),
                                     .role = CX_STR("r"),
                                     .start_us = 3,
                                     .expires_us = 8};
    struct access_state rows = {.bindings = &binding, .binding_count = 1};
    struct access_subject_ids who = {.user_id = id_of(1, 1)};
    struct access_rights *rights = NULL;
    struct access_place place = {0};
    permission_set_add(&binding.permissions, PERMISSION_REQUEST_READ);
    assert_ok(access_rights_compile(&rows, who, 5, &rights));
    assert_false(access_rights_anywhere(rights, PERMISSION_REQUEST_READ));
    assert_int_equal(access_rights_until(rights), 8);
    access_rights_release(rights);
    binding.everywhere = true;
    assert_ok(access_rights_compile(&rows, who, 2, &rights));
    assert_false(access_rights_allow(rights, PERMISSION_REQUEST_READ, &place));
    assert_int_equal(access_rights_until(rights), 3);
    access_rights_release(rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_granted_by_default),
        cmocka_unit_test(a_scope_left_out_is_no_scope),
        cmocka_unit_test(the_order_of_rows_means_nothing),
        cmocka_unit_test(a_row_less_is_never_a_right_more),
        cmocka_unit_test(compiled_and_reference_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
