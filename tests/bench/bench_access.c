/* Decisions of one person's compiled rights with 10, 1 000 and 100 000 bindings: by group, by tag, and refused. Half of the
 * bindings are to a group, half by tag; each question is about another object. */
#include "tests/lib/test.h"
#include "tests/bench/bench.h"
#include "core/access/access.h"

enum { QUESTIONS = 1024, BINDINGS_MAX = 100000 };

struct run {
    struct principal principal;
    struct access_object objects[QUESTIONS];
    struct cx_id groups[QUESTIONS];
    struct access_tag tags[QUESTIONS];
    char values[QUESTIONS][16];
    unsigned next, allowed;
};

static struct cx_id id_of(uint8_t kind, uint32_t number)
{
    struct cx_id id = {{kind}};
    memcpy(id.b + 8, &number, sizeof(number));
    return id;
}

struct rows {
    struct access_binding bindings[BINDINGS_MAX];
    struct cx_id groups[BINDINGS_MAX];
    struct access_tag tags[BINDINGS_MAX];
    struct tag_clause clauses[BINDINGS_MAX];
    struct tag_expression expressions[BINDINGS_MAX];
    char values[BINDINGS_MAX][16];
};

static void fill(struct rows *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct access_binding *binding = &rows->bindings[i];
        *binding = (struct access_binding){.binding_id = id_of(9, i),
                                           .subject = ACCESS_USER,
                                           .subject_id = id_of(1, 1),
                                           .role = CX_STR("operator"),
                                           .expires_us = CX_TIME_NEVER};
        access_builtin_find(binding->role, &binding->permissions);
        rows->groups[i] = id_of(2, i);
        snprintf(rows->values[i], sizeof(rows->values[i]), "team-%u", i);
        rows->tags[i] = (struct access_tag){CX_STR("team"), cx_str_from(rows->values[i])};
        rows->clauses[i] = (struct tag_clause){&rows->tags[i], 1};
        rows->expressions[i] = (struct tag_expression){&rows->clauses[i], 1};
        if (i % 2) {
            binding->tags = &rows->expressions[i];
        } else {
            binding->groups = &rows->groups[i];
            binding->group_count = 1;
        }
    }
}

/* A third in a group that is bound, a third with a tag that is, a third with neither. */
static void ask(struct run *run, uint32_t count)
{
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        uint32_t which = (i * 7919u % count) & ~1u;
        run->groups[i] = id_of(2, i % 3 == 0 ? which : BINDINGS_MAX + i);
        snprintf(run->values[i], sizeof(run->values[i]), "team-%u",
                 i % 3 == 1 ? which + 1 : BINDINGS_MAX + i);
        run->tags[i] = (struct access_tag){CX_STR("team"), cx_str_from(run->values[i])};
        run->objects[i] = (struct access_object){.place = {&run->groups[i], 1, &run->tags[i], 1},
                                                 .requester_id = {{3}}};
    }
}

static void decide(void *arg)
{
    struct run *run = arg;
    const struct access_object *object = &run->objects[run->next++ % QUESTIONS];
    run->allowed +=
        cx_is_ok(authorise(&run->principal, PERMISSION_CERTIFICATE_REVOKE, object, NULL));
}

int main(void)
{
    static struct run run;
    static struct rows rows;
    static const uint32_t counts[] = {10, 1000, 100000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct access_state state = {.bindings = rows.bindings, .binding_count = counts[i]};
        char name[64];
        fill(&rows, counts[i]);
        run = (struct run){
            .principal = {.tenant_id = {{1}}, .user_id = id_of(1, 1), .authenticated = true}};
        assert_ok(access_rights_compile(
            &state, (struct access_subject_ids){.user_id = run.principal.user_id}, 1,
            &run.principal.rights));
        ask(&run, counts[i]);
        snprintf(name, sizeof(name), "access_decision_%u", counts[i]);
        bench_line(
            name, bench_cpu_rate(decide, &run), "decisions/s", 3e6,
            "authorise() with an object, one thread, per processor second; a third by group, "
            "a third by tag, a third refused; limit: the target");
        assert_true(run.allowed > 0);
        access_principal_clear(&run.principal);
    }
    return 0;
}
