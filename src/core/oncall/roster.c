#include "core/oncall/roster.h"

static bool covers(const struct oncall_override *over, int64_t level, cx_time at_us)
{
    return over->level == level && at_us >= over->from_us && at_us < over->until_us;
}

static const struct oncall_person *turn_of(const struct oncall_plan *plan, int64_t level,
                                           cx_time at_us)
{
    size_t first = 0, count = 0;
    for (size_t i = 0; i < plan->person_count; i++) {
        if (plan->people[i].level != level)
            continue;
        if (count++ == 0)
            first = i;
    }
    if (count == 0 || at_us < plan->first_us || at_us >= plan->until_us)
        return NULL;
    int64_t turn = (at_us - plan->first_us) / plan->shift_us;
    return &plan->people[first + (size_t)(turn % (int64_t)count)];
}

const struct oncall_person *oncall_at(const struct oncall_plan *plan, int64_t level, cx_time at_us)
{
    for (size_t i = plan->override_count; i-- > 0;) {
        const struct oncall_override *over = &plan->overrides[i];
        if (covers(over, level, at_us))
            return over->has_person ? &over->person : NULL;
    }
    return turn_of(plan, level, at_us);
}

static void narrow(struct oncall_turn *turn, cx_time at_us, cx_time edge_us)
{
    if (edge_us <= at_us && edge_us > turn->from_us)
        turn->from_us = edge_us;
    if (edge_us > at_us && edge_us < turn->until_us)
        turn->until_us = edge_us;
}

struct oncall_turn oncall_turn_at(const struct oncall_plan *plan, int64_t level, cx_time at_us)
{
    struct oncall_turn turn = {
        .level = level, .from_us = plan->begins_us, .until_us = ONCALL_NEVER};
    narrow(&turn, at_us, plan->first_us);
    narrow(&turn, at_us, plan->until_us);
    if (at_us >= plan->first_us && at_us < plan->until_us) {
        cx_time shift_us = at_us - (at_us - plan->first_us) % plan->shift_us;
        narrow(&turn, at_us, shift_us);
        if (shift_us < ONCALL_NEVER - plan->shift_us)
            narrow(&turn, at_us, shift_us + plan->shift_us);
    }
    for (size_t i = 0; i < plan->override_count; i++) {
        if (plan->overrides[i].level != level)
            continue;
        narrow(&turn, at_us, plan->overrides[i].from_us);
        narrow(&turn, at_us, plan->overrides[i].until_us);
    }
    turn.person = oncall_at(plan, level, at_us);
    return turn;
}

static size_t add_gap(struct oncall_turn *gaps, size_t count, const struct oncall_turn *turn)
{
    struct oncall_turn *last = count ? &gaps[count - 1] : NULL;
    if (last && last->level == turn->level && last->until_us == turn->from_us) {
        last->until_us = turn->until_us;
        return count;
    }
    if (count == ONCALL_GAPS_MAX)
        return count;
    gaps[count] = *turn;
    return count + 1;
}

size_t oncall_gaps(const struct oncall_plan *plan, cx_time now_us, cx_time until_us,
                   struct oncall_turn *gaps)
{
    size_t count = 0;
    for (int64_t level = 1; level <= plan->level_count; level++) {
        for (cx_time at_us = now_us; at_us < until_us;) {
            struct oncall_turn turn = oncall_turn_at(plan, level, at_us);
            if (!turn.person || !turn.person->reachable)
                count = add_gap(gaps, count, &turn);
            at_us = turn.until_us;
        }
    }
    return count;
}
