/* Which version of a pack applies when: against the naive question at each day. */
#include "tests/lib/test.h"

#include "core/incident/pack_use.h"

#define DAY(n) ((n)*CX_US_PER_DAY)

static struct arena arena;

static const struct rule_duty DUTIES[] = {
    {.id = {"whole", 5}, .from_us = INT64_MIN, .until_us = INT64_MAX},
    {.id = {"part", 4}, .from_us = DAY(12), .until_us = DAY(18)},
};

static struct rule_pack pack(const char *name, const char *version, cx_time from_us,
                             cx_time until_us)
{
    struct rule_duty *duties = NULL;
    assert_ok(ARENA_NEW_ARRAY(&arena, 2, &duties));
    for (int i = 0; i < 2; i++) {
        duties[i] = DUTIES[i];
        duties[i].from_us = duties[i].from_us > from_us ? duties[i].from_us : from_us;
        duties[i].until_us = duties[i].until_us < until_us ? duties[i].until_us : until_us;
    }
    return (struct rule_pack){.name = cx_str_from(name),
                              .version = cx_str_from(version),
                              .from_us = from_us,
                              .until_us = until_us,
                              .duties = duties,
                              .duty_count = 2};
}

/* The version of the only pack of this name that holds at a time; "": none. */
static struct cx_str at(const struct rule_pack *packs, size_t count, const char *name,
                        cx_time time_us)
{
    struct cx_str version = CX_STR("");
    for (size_t i = 0; i < count; i++) {
        if (!cx_str_is(packs[i].name, name) || time_us < packs[i].from_us ||
            time_us >= packs[i].until_us)
            continue;
        assert_int_equal(version.len, 0); /* never two at one time */
        version = packs[i].version;
        for (size_t j = 0; j < packs[i].duty_count; j++) {
            const struct rule_duty *duty = &packs[i].duties[j];
            assert_true(duty->from_us >= packs[i].from_us && duty->until_us <= packs[i].until_us);
            assert_true(duty->from_us < duty->until_us);
        }
    }
    return version;
}

static bool is_asked(const struct rule_pack *packs, size_t count, const char *duty, cx_time time_us)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < packs[i].duty_count; j++)
            if (cx_str_is(packs[i].name, "a") && cx_str_is(packs[i].duties[j].id, duty) &&
                time_us >= packs[i].duties[j].from_us && time_us < packs[i].duties[j].until_us)
                return true;
    return false;
}

static int setup(void **state)
{
    (void)state;
    arena = (struct arena)ARENA_INIT(1 << 22);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void the_last_use_decides(void **state)
{
    (void)state;
    const struct rule_pack packaged[] = {pack("a", "1", DAY(0), DAY(10)),
                                         pack("a", "2", DAY(10), INT64_MAX),
                                         pack("b", "1", DAY(0), INT64_MAX)};
    struct rule_pack mine = pack("a", "mine", DAY(3), DAY(25));
    struct rule_pack other = pack("c", "1", DAY(0), INT64_MAX);
    const struct pack_use uses[] = {
        {CX_STR("a"), DAY(5), &mine},         {CX_STR("a"), DAY(15), NULL},
        {CX_STR("a"), DAY(20), &packaged[1]}, {CX_STR("a"), DAY(20), &mine},
        {CX_STR("c"), DAY(7), &other},        {CX_STR("c"), DAY(9), NULL},
    };
    const struct rule_pack *packs = NULL;
    size_t count = 0;
    assert_ok(pack_compose(packaged, 3, uses, 6, &arena, &packs, &count));
    for (int64_t day = 0; day < 30; day++) {
        bool own = (day >= 5 && day < 15) || day >= 20;
        const char *expected = day >= 25 ? "" : own ? "mine" : day < 10 ? "1" : "2";
        assert_str(at(packs, count, "a", DAY(day)), expected);
        assert_str(at(packs, count, "b", DAY(day)), "1");
        assert_str(at(packs, count, "c", DAY(day)), day >= 7 && day < 9 ? "1" : "");
        assert_int_equal(is_asked(packs, count, "part", DAY(day)), day >= 12 && day < 18);
        assert_int_equal(is_asked(packs, count, "whole", DAY(day)), day < 25);
    }
    assert_str(at(packs, count, "a", DAY(10) - 1), "mine");
    assert_str(at(packs, count, "a", DAY(5) - 1), "1");
}

static void without_uses_nothing_is_changed(void **state)
{
    (void)state;
    const struct rule_pack packaged[] = {pack("a", "1", DAY(0), INT64_MAX)};
    const struct rule_pack *packs = NULL;
    size_t count = 0;
    assert_ok(pack_compose(packaged, 1, NULL, 0, &arena, &packs, &count));
    assert_int_equal(count, 1);
    assert_ptr_equal(packs[0].duties, packaged[0].duties);
}

static void a_clip_that_leaves_nothing_is_told(void **state)
{
    (void)state;
    struct rule_pack whole = pack("a", "1", DAY(0), DAY(10)), clipped;
    bool empty = false;
    assert_ok(pack_clip(&whole, DAY(10), DAY(20), &arena, &clipped, &empty));
    assert_true(empty);
    assert_ok(pack_clip(&whole, DAY(9), DAY(20), &arena, &clipped, &empty));
    assert_false(empty);
    assert_int_equal(clipped.from_us, DAY(9));
    assert_int_equal(clipped.until_us, DAY(10));
    assert_int_equal(clipped.duty_count, 1);
}

#define TEXT(version)                                                                              \
    "pack: p\nversion: \"" version "\"\ntitle: t\ndocument: d\nread: primary\nstatus: in-force\n"  \
    "effective_from: 2026-03-20\nduties:\n  - {id: a, title: b, obligation: must, "                \
    "trigger: [aware], scope: each, satisfied_by: [note], owed_to: [public], section: s, "         \
    "warnings: [50], limit: 5d}\n"

static void a_version_is_read_once(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct rule_set *set = NULL;
    const struct rule_pack *first = NULL, *again = NULL, *none = NULL;
    struct cx_id tenant = {{1}}, other = {{2}};
    assert_ok(rule_set_new(rule_texts, rule_text_count, &diag, &set));
    assert_null(rule_set_kept(set, tenant, CX_STR("p"), CX_STR("1")));
    assert_ok(rule_set_keep(set, tenant, CX_STR("p"), CX_STR("1"), CX_STR(TEXT("1")), &first));
    assert_ok(rule_set_keep(set, tenant, CX_STR("p"), CX_STR("1"), CX_STR(TEXT("1")), &again));
    assert_ptr_equal(first, again);
    assert_ptr_equal(rule_set_kept(set, tenant, CX_STR("p"), CX_STR("1")), first);
    assert_null(rule_set_kept(set, other, CX_STR("p"), CX_STR("1")));
    assert_null(rule_set_kept(set, tenant, CX_STR("p1"), CX_STR("")));
    assert_err(rule_set_keep(set, other, CX_STR("p"), CX_STR("2"), CX_STR(TEXT("1")), &none),
               STORE);
    assert_err(rule_set_keep(set, other, CX_STR("p"), CX_STR("1"), CX_STR("pack: ["), &none),
               STORE);
    assert_null(none);
    rule_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_use_decides),
        cmocka_unit_test(without_uses_nothing_is_changed),
        cmocka_unit_test(a_clip_that_leaves_nothing_is_told),
        cmocka_unit_test(a_version_is_read_once),
    };
    return cmocka_run_group_tests_name("core/incident/pack_use", tests, setup, teardown);
}
