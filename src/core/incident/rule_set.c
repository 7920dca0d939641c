#include "core/incident/rule_set.h"

enum { SET_ARENA_MAX = 4 * 1024 * 1024 };

struct rule_set {
    struct arena arena;
    struct rule_pack *packs;
    size_t count;
};

static cx_err check_overlap(const struct rule_pack *packs, size_t count, struct cx_diag *diag)
{
    const struct rule_pack *added = &packs[count];
    for (size_t i = 0; i < count; i++) {
        const struct rule_pack *pack = &packs[i];
        if (!cx_str_eq(pack->name, added->name) || pack->draft || added->draft)
            continue;
        if (pack->from_us < added->until_us && added->from_us < pack->until_us)
            return cx_refuse(diag, CX_ERR(PARSE), "effective_from", "rule-overlap",
                             "%.*s: versions %.*s and %.*s are in force at one time.",
                             CX_STR_ARG(pack->name), CX_STR_ARG(pack->version),
                             CX_STR_ARG(added->version));
    }
    return CX_OK;
}

static cx_err load(struct rule_set *set, const struct rule_text *texts, size_t count,
                   struct cx_diag *diag)
{
    CX_TRY(ARENA_NEW_ARRAY(&set->arena, count, &set->packs));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(rule_pack_parse(&set->arena, CX_BYTES(texts[i].text, texts[i].len), diag,
                               &set->packs[i]));
        CX_TRY(check_overlap(set->packs, i, diag));
        set->count++;
    }
    return CX_OK;
}

cx_err rule_set_new(const struct rule_text *texts, size_t count, struct cx_diag *diag,
                    struct rule_set **ret_set)
{
    struct rule_set *set = calloc(1, sizeof(*set));
    if (!set)
        return CX_ERR(NOMEM);
    set->arena = (struct arena)ARENA_INIT(SET_ARENA_MAX);
    cx_err err = load(set, texts, count, diag);
    if (cx_failed(err)) {
        rule_set_free(set);
        return err;
    }
    *ret_set = set;
    return CX_OK;
}

void rule_set_free(struct rule_set *set)
{
    if (!set)
        return;
    arena_clear(&set->arena);
    free(set);
}

const struct rule_pack *rule_set_packs(const struct rule_set *set, size_t *ret_count)
{
    *ret_count = set->count;
    return set->packs;
}
