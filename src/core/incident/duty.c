#include "core/incident/duty.h"

/* An entry with its corrections applied. */
struct fact {
    const struct duty_entry *entry;
    cx_time start_us; /* earliest time stated: when it starts a clock */
    cx_time met_us;   /* latest time stated: when it meets a duty */
    bool has_due;
    cx_time due_us; /* the earliest stated */
};

struct maker {
    const struct rule_pack *packs, *pack;
    size_t pack_count;
    const struct rule_duty *rule;
    const struct duty_case *incident;
    cx_time now_us;
    struct arena *arena;
    struct fact *facts; /* by start_us, then seq */
    size_t fact_count;
    struct duty *duties;
    size_t count, room;
    const struct rule_pack *gap;
};

static int by_start(const void *a, const void *b)
{
    const struct fact *left = a, *right = b;
    if (left->start_us != right->start_us)
        return left->start_us < right->start_us ? -1 : 1;
    return left->entry->seq < right->entry->seq ? -1 : left->entry->seq > right->entry->seq;
}

static void correct(struct fact *fact, const struct duty_entry *correction)
{
    if (correction->at_us < fact->start_us)
        fact->start_us = correction->at_us;
    if (correction->at_us > fact->met_us)
        fact->met_us = correction->at_us;
    if (correction->has_due && (!fact->has_due || correction->due_us < fact->due_us)) {
        fact->has_due = true;
        fact->due_us = correction->due_us;
    }
}

static cx_err make_facts(struct maker *make)
{
    const struct duty_case *incident = make->incident;
    CX_TRY(ARENA_NEW_ARRAY(make->arena, incident->entry_count, &make->facts));
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i];
        if (entry->corrects == 0)
            make->facts[make->fact_count++] =
                (struct fact){entry, entry->at_us, entry->at_us, entry->has_due, entry->due_us};
    }
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i];
        for (size_t j = 0; entry->corrects && j < make->fact_count; j++)
            if (make->facts[j].entry->seq == entry->corrects)
                correct(&make->facts[j], entry);
    }
    if (make->fact_count)
        qsort(make->facts, make->fact_count, sizeof(make->facts[0]), by_start);
    return CX_OK;
}

static bool applies(const struct rule_pack *pack, const struct rule_duty *rule,
                    const struct duty_case *incident)
{
    return !pack->draft && (!pack->certificates || pack->certificates & incident->certificates) &&
           (!rule->types || rule->types & 1u << incident->type) &&
           (!rule->tracks || rule->tracks & incident->tracks) &&
           (!rule->severities || rule->severities & 1u << incident->severity);
}

static bool item_fits(const struct rule_duty *rule, const struct duty_entry *entry)
{
    return !rule->items || (rule->items & 1u << entry->item) != 0;
}

/* Another subject's entries neither start, meet nor end a duty that is kept by subject. */
static bool subject_fits(const struct rule_duty *rule, const struct duty_entry *trigger,
                         const struct duty_entry *entry)
{
    if (rule->scope == RULE_INCIDENT || (rule->scope == RULE_EACH && trigger->subject.len == 0))
        return true;
    return cx_str_eq(trigger->subject, entry->subject);
}

/* The earliest entry that can be argued for; the trigger itself where each trigger counts. */
static const struct fact *start_of(const struct maker *make, const struct fact *trigger)
{
    const struct rule_duty *rule = make->rule;
    if (rule->scope == RULE_EACH)
        return trigger;
    for (size_t i = 0; i < make->fact_count; i++) {
        const struct fact *fact = &make->facts[i];
        bool starts = rule_kinds_have(&rule->starts, fact->entry->kind);
        if (starts && subject_fits(rule, trigger->entry, fact->entry) &&
            fact->start_us <= trigger->start_us)
            return fact;
    }
    return trigger;
}

static bool is_after(const struct fact *fact, cx_time at_us, const struct fact *start)
{
    if (at_us != start->start_us)
        return at_us > start->start_us;
    return fact->entry->seq > start->entry->seq;
}

static const struct fact *first_of(const struct maker *make, const struct rule_kinds *kinds,
                                   const struct duty_entry *trigger, const struct fact *start,
                                   bool meets)
{
    const struct fact *first = NULL;
    for (size_t i = 0; i < make->fact_count; i++) {
        const struct fact *fact = &make->facts[i];
        cx_time at_us = meets ? fact->met_us : fact->start_us;
        if (!rule_kinds_have(kinds, fact->entry->kind) || !is_after(fact, at_us, start) ||
            (meets && !subject_fits(make->rule, trigger, fact->entry)))
            continue;
        if (!first || at_us < (meets ? first->met_us : first->start_us))
            first = fact;
    }
    return first;
}

/* Whether one of kinds came before the duty was met and before it was late. */
static bool came_before(const struct maker *make, const struct rule_kinds *kinds,
                        const struct duty_entry *trigger, const struct fact *start,
                        const struct duty *duty, const struct fact *met)
{
    const struct fact *fact = first_of(make, kinds, trigger, start, false);
    if (!fact || fact->start_us > duty->deadline_us)
        return false;
    if (!met || fact->start_us != met->met_us)
        return !met || fact->start_us < met->met_us;
    return fact->entry->seq < met->entry->seq;
}

static void judge(const struct maker *make, const struct duty_entry *trigger,
                  const struct fact *start, const struct fact *met, struct duty *duty)
{
    bool met_in_time = met && met->met_us <= duty->deadline_us;
    if (first_of(make, &make->rule->failers, trigger, start, false)) {
        duty->state = DUTY_FAILED;
        return;
    }
    if (came_before(make, &make->rule->replacers, trigger, start, duty, met)) {
        duty->state = DUTY_REPLACED;
        return;
    }
    if (!met_in_time && came_before(make, &make->rule->enders, trigger, start, duty, met)) {
        duty->state = DUTY_ENDED;
        return;
    }
    if (!met) {
        duty->state = make->now_us > duty->deadline_us ? DUTY_OVERDUE : DUTY_PENDING;
        return;
    }
    duty->state = met_in_time ? DUTY_MET : DUTY_MET_LATE;
    duty->met_us = met->met_us;
    duty->met_seq = met->entry->seq;
}

static bool is_covered(const struct maker *make, cx_time at_us)
{
    for (size_t i = 0; i < make->pack_count; i++) {
        const struct rule_pack *pack = &make->packs[i];
        if (!pack->draft && cx_str_eq(pack->name, make->pack->name) && at_us >= pack->from_us &&
            at_us < pack->until_us)
            return true;
    }
    return false;
}

static cx_err push(struct maker *make, const struct duty *duty)
{
    if (make->count == DUTIES_MAX)
        return CX_ERR(LIMIT);
    if (make->count == make->room) {
        struct duty *larger = NULL;
        size_t room = make->room ? 2 * make->room : 32;
        CX_TRY(ARENA_NEW_ARRAY(make->arena, room, &larger));
        if (make->count)
            memcpy(larger, make->duties, make->count * sizeof(*larger));
        make->duties = larger;
        make->room = room;
    }
    make->duties[make->count++] = *duty;
    return CX_OK;
}

static cx_err add(struct maker *make, const struct fact *trigger, const struct fact *start,
                  const struct fact *met, int64_t round)
{
    const struct rule_duty *rule = make->rule;
    struct duty duty = {.pack = make->pack,
                        .rule = rule,
                        .start_us = start->start_us,
                        .start_seq = start->entry->seq,
                        .start_kind = start->entry->kind};
    if (duty.start_us < rule->from_us || duty.start_us >= rule->until_us) {
        if (!is_covered(make, duty.start_us))
            make->gap = make->pack;
        return CX_OK;
    }
    if (rule->limit.unit == RULE_STATED && !start->has_due)
        return CX_OK; /* the entry states no time: nothing to count to */
    if (rule->scope != RULE_INCIDENT)
        duty.subject = trigger->entry->subject;
    CX_TRY(duty_deadline(&rule->limit, duty.start_us, start->due_us, &duty.deadline_us));
    CX_TRY(arena_printf(make->arena, &duty.key, "%.*s/%.*s/%lld/%lld", CX_STR_ARG(make->pack->name),
                        CX_STR_ARG(rule->id), (long long)trigger->entry->seq, (long long)round));
    judge(make, trigger->entry, start, met, &duty);
    return push(make, &duty);
}

/* The rounds of one duty: one, or as many as were met when it is a cycle. */
static cx_err follow(struct maker *make, const struct fact *trigger)
{
    const struct fact *start = start_of(make, trigger);
    for (int64_t round = 1;; round++) {
        const struct fact *met =
            first_of(make, &make->rule->satisfiers, trigger->entry, start, true);
        CX_TRY(add(make, trigger, start, met, round));
        if (!make->rule->cycle || !met)
            return CX_OK;
        const struct fact *end = first_of(make, &make->rule->enders, trigger->entry, start, false);
        if (end && end->start_us <= met->met_us)
            return CX_OK;
        start = met;
    }
}

/* Whether an earlier trigger stands for this one already. */
static bool is_repeated(const struct maker *make, size_t at)
{
    const struct rule_duty *rule = make->rule;
    if (rule->scope == RULE_EACH)
        return false;
    for (size_t i = 0; i < at; i++) {
        const struct duty_entry *entry = make->facts[i].entry;
        if (rule_kinds_have(&rule->triggers, entry->kind) && item_fits(rule, entry) &&
            subject_fits(rule, make->facts[at].entry, entry))
            return true;
    }
    return false;
}

static cx_err make_duties(struct maker *make)
{
    for (size_t i = 0; i < make->fact_count; i++) {
        const struct fact *fact = &make->facts[i];
        if (rule_kinds_have(&make->rule->triggers, fact->entry->kind) &&
            item_fits(make->rule, fact->entry) && !is_repeated(make, i))
            CX_TRY(follow(make, fact));
    }
    return CX_OK;
}

static int by_deadline(const void *a, const void *b)
{
    const struct duty *left = a, *right = b;
    if (left->deadline_us != right->deadline_us)
        return left->deadline_us < right->deadline_us ? -1 : 1;
    return cx_bytes_cmp(cx_str_bytes(left->key), cx_str_bytes(right->key));
}

cx_err duty_list_make(const struct rule_pack *packs, size_t pack_count,
                      const struct duty_case *incident, cx_time now_us, struct arena *arena,
                      struct duty_list *ret_list)
{
    struct maker make = {.packs = packs,
                         .pack_count = pack_count,
                         .incident = incident,
                         .now_us = now_us,
                         .arena = arena};
    CX_TRY(make_facts(&make));
    for (size_t i = 0; i < pack_count; i++) {
        make.pack = &packs[i];
        for (size_t j = 0; j < packs[i].duty_count; j++) {
            make.rule = &packs[i].duties[j];
            if (applies(make.pack, make.rule, incident))
                CX_TRY(make_duties(&make));
        }
    }
    if (make.count)
        qsort(make.duties, make.count, sizeof(make.duties[0]), by_deadline);
    *ret_list = (struct duty_list){make.duties, make.count, make.gap};
    return CX_OK;
}

bool duty_is_open(const struct duty *duty)
{
    return duty->state == DUTY_PENDING || duty->state == DUTY_OVERDUE;
}

const char *duty_state_name(enum duty_state state)
{
    static const char *const NAMES[DUTY_STATE_COUNT] = {
        [DUTY_PENDING] = "pending",   [DUTY_OVERDUE] = "overdue",   [DUTY_MET] = "met",
        [DUTY_MET_LATE] = "met_late", [DUTY_REPLACED] = "replaced", [DUTY_ENDED] = "ended",
        [DUTY_FAILED] = "failed"};
    return NAMES[state];
}
