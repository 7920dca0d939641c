/* What two playbooks differ in, and whether duties are known. See playbook.h. */
#include "core/playbook/playbook.h"

bool playbook_duty_known(const struct rule_pack *packs, size_t pack_count, struct cx_str duty)
{
    for (size_t i = 0; i < pack_count; i++) {
        struct cx_str pack = packs[i].name;
        if (!cx_str_starts(duty, pack) || duty.len <= pack.len || duty.ptr[pack.len] != '/')
            continue;
        struct cx_str id = {duty.ptr + pack.len + 1, duty.len - pack.len - 1};
        for (size_t j = 0; j < packs[i].duty_count; j++)
            if (cx_str_eq(packs[i].duties[j].id, id))
                return true;
    }
    return false;
}

static bool same_scope(const struct playbook_scope *one, const struct playbook_scope *other)
{
    return one->types == other->types && one->tracks == other->tracks &&
           one->severities == other->severities && one->certificates == other->certificates;
}

static bool step_equal(const struct playbook *of_one, const struct playbook_step *one,
                       const struct playbook *of_other, const struct playbook_step *other)
{
    struct cx_str after = CX_STR_NONE, other_after = CX_STR_NONE;
    if (one->after_step != PLAYBOOK_NO_STEP)
        after = of_one->steps[one->after_step].id;
    if (other->after_step != PLAYBOOK_NO_STEP)
        other_after = of_other->steps[other->after_step].id;
    return cx_str_eq(one->id, other->id) && cx_str_eq(one->title, other->title) &&
           cx_str_eq(one->text, other->text) && cx_str_eq(one->evidence, other->evidence) &&
           cx_str_eq(one->duty, other->duty) && cx_str_eq(one->within, other->within) &&
           cx_str_eq(after, other_after) && one->role == other->role && one->kind == other->kind &&
           one->after == other->after && same_scope(&one->when, &other->when);
}

static void add(struct playbook_differences *found, const struct playbook_step *step,
                enum playbook_difference what)
{
    found->list[found->count].step = step;
    found->list[found->count++].what = what;
}

void playbook_compare(const struct playbook *was, const struct playbook *is,
                      struct playbook_differences *ret_differences)
{
    struct playbook_differences *found = ret_differences;
    *found =
        (struct playbook_differences){.scope_changed = !same_scope(&was->applies, &is->applies)};
    for (size_t i = 0; i < is->step_count; i++) {
        const struct playbook_step *step = &is->steps[i];
        const struct playbook_step *before = playbook_step_of(was, step->id);
        if (!before)
            add(found, step, PLAYBOOK_GAINED);
        else if (!step_equal(was, before, is, step))
            add(found, step, PLAYBOOK_CHANGED);
    }
    for (size_t i = 0; i < was->step_count; i++)
        if (!playbook_step_of(is, was->steps[i].id))
            add(found, &was->steps[i], PLAYBOOK_LOST);
}
