#include "core/incident/step.h"

struct making {
    const struct incident *incident;
    cx_time now_us;
    const struct step_owner *owners;
    size_t owner_count;
    struct playbook_case is;
};

struct playbook_case step_case(const struct incident_row *incident)
{
    return (struct playbook_case){incident->type,
                                  incident_severity(incident->impact, incident->urgency),
                                  incident->tracks, incident->certificates};
}

/* "<playbook>/<step>" */
static bool is_subject(struct cx_str subject, struct cx_str playbook, struct cx_str step)
{
    return subject.len == playbook.len + 1 + step.len && cx_str_starts(subject, playbook) &&
           subject.ptr[playbook.len] == '/' && cx_str_ends(subject, step);
}

static const struct incident_entry *find_settled(const struct making *making,
                                                 const struct step *step)
{
    const struct incident *incident = making->incident;
    for (size_t i = incident->entry_count; i-- > 0;) {
        const struct incident_entry *entry = &incident->entries[i];
        enum incident_kind kind = entry->clock.kind;
        if ((kind == KIND_STEP_DONE || kind == KIND_STEP_NOT_APPLICABLE ||
             kind == KIND_STEP_REOPENED) &&
            is_subject(entry->clock.subject, step->book->playbook->name, step->is->id))
            return kind == KIND_STEP_REOPENED ? NULL : entry;
    }
    return NULL;
}

/* The earliest time that was ever stated, as with duties: nobody gains time by correcting the record. */
static void start_from_entry(const struct making *making, struct step *step)
{
    const struct incident *incident = making->incident;
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *clock = &incident->entries[i].clock;
        if (clock->kind != step->is->after || (step->has_start && clock->at_us >= step->start_us))
            continue;
        step->has_start = true;
        step->start_us = clock->at_us;
        step->start_seq = clock->seq;
    }
}

/* From when the step before was settled; from its own start when nobody asks for it. */
static void start_from_step(const struct step *before, struct step *step)
{
    if (before->settled) {
        step->has_start = true;
        step->start_us = before->settled->clock.at_us;
        step->start_seq = before->settled->clock.seq;
    } else if (before->state == STEP_NOT_ASKED) {
        step->has_start = before->has_start;
        step->start_us = before->start_us;
        step->start_seq = before->start_seq;
    }
}

static cx_err set_deadline(struct step *step)
{
    if (!step->has_start || !step->is->within.len)
        return CX_OK;
    step->has_deadline = true;
    return duty_deadline(&step->is->limit, step->start_us, 0, &step->deadline_us);
}

static void judge(const struct making *making, struct step *step)
{
    const struct incident_entry *settled = step->settled;
    if (settled && settled->clock.kind == KIND_STEP_NOT_APPLICABLE)
        step->state = STEP_NOT_APPLICABLE;
    else if (settled)
        step->state = step->has_deadline && settled->clock.at_us > step->deadline_us
                          ? STEP_DONE_LATE
                          : STEP_DONE;
    else if (!playbook_scope_has(&step->is->when, &making->is))
        step->state = STEP_NOT_ASKED;
    else if (!step->has_start)
        step->state = STEP_WAITING;
    else
        step->state =
            step->has_deadline && making->now_us > step->deadline_us ? STEP_OVERDUE : STEP_OPEN;
}

/* "<pack>/<id>/…": the duties of that name, one a trigger and round. */
static bool is_of(const struct duty *duty, struct cx_str name)
{
    return cx_str_starts(duty->key, name) && duty->key.len > name.len &&
           duty->key.ptr[name.len] == '/';
}

/* The one that is open and due first; else the worst that became of them. Duties are in the order of their deadlines. */
static void judge_duty(const struct making *making, struct step *step)
{
    const struct duty_list *duties = &making->incident->duties;
    step->state = playbook_scope_has(&step->is->when, &making->is) ? STEP_WAITING : STEP_NOT_ASKED;
    for (size_t i = 0; i < duties->count; i++) {
        const struct duty *duty = &duties->duties[i];
        if (!is_of(duty, step->is->duty))
            continue;
        step->has_start = step->has_deadline = true;
        step->start_us = duty->start_us;
        step->start_seq = duty->start_seq;
        step->deadline_us = duty->deadline_us;
        if (duty_is_open(duty)) {
            step->state = duty->state == DUTY_OVERDUE ? STEP_OVERDUE : STEP_OPEN;
            return;
        }
        if (duty->state == DUTY_MET_LATE)
            step->state = STEP_DONE_LATE;
        else if (duty->state == DUTY_MET && step->state != STEP_DONE_LATE)
            step->state = STEP_DONE;
        else if (step->state == STEP_WAITING || step->state == STEP_NOT_ASKED)
            step->state = STEP_NOT_APPLICABLE; /* replaced, or what asked for it ended */
    }
}

static cx_err make_step(const struct making *making, const struct step *first, struct step *step)
{
    for (size_t i = 0; i < making->owner_count; i++)
        if (cx_str_eq(making->owners[i].playbook, step->book->playbook->name) &&
            cx_str_eq(making->owners[i].step, step->is->id))
            step->owner_id = making->owners[i].owner_id;
    if (step->is->kind == PLAYBOOK_DUTY) {
        judge_duty(making, step);
        return CX_OK;
    }
    step->settled = find_settled(making, step);
    if (step->is->after_step != PLAYBOOK_NO_STEP)
        start_from_step(&first[step->is->after_step], step);
    else
        start_from_entry(making, step);
    CX_TRY(set_deadline(step));
    judge(making, step);
    return CX_OK;
}

cx_err step_list_make(const struct step_book *books, size_t book_count,
                      const struct step_owner *owners, size_t owner_count,
                      const struct incident *incident, cx_time now_us, struct arena *arena,
                      struct step_list *ret_list)
{
    const struct making making = {incident, now_us, owners, owner_count, step_case(&incident->row)};
    struct step_list list = {0};
    size_t room = 0;
    for (size_t i = 0; i < book_count; i++)
        room += books[i].playbook->step_count;
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &list.steps));
    for (size_t i = 0; i < book_count; i++) {
        const struct step *first = &list.steps[list.count];
        for (size_t j = 0; j < books[i].playbook->step_count; j++) {
            struct step *step = &list.steps[list.count++];
            *step = (struct step){.book = &books[i], .is = &books[i].playbook->steps[j]};
            CX_TRY(make_step(&making, first, step));
        }
    }
    *ret_list = list;
    return CX_OK;
}

const struct step *step_find(const struct step_list *list, struct cx_str playbook,
                             struct cx_str step)
{
    for (size_t i = 0; i < list->count; i++)
        if (cx_str_eq(list->steps[i].book->playbook->name, playbook) &&
            cx_str_eq(list->steps[i].is->id, step))
            return &list->steps[i];
    return NULL;
}

bool step_is_due(const struct step *step)
{
    return step->has_deadline && (step->state == STEP_OPEN || step->state == STEP_OVERDUE);
}
