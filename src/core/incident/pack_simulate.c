#include "core/incident/pack_simulate.h"
#include "base/cleanup.h"
#include "core/incident/pack_use.h"

enum { PAGE = 256, INCIDENT_ARENA_MAX = 64 * 1024 * 1024 };

/* The version without its own dates: the question is what it would do, not whether its day has come. */
static cx_err undated(const struct rule_pack *pack, struct arena *arena, struct rule_pack *ret_pack)
{
    struct rule_duty *duties = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, pack->duty_count, &duties));
    for (size_t i = 0; i < pack->duty_count; i++) {
        duties[i] = pack->duties[i];
        if (duties[i].from_us == pack->from_us)
            duties[i].from_us = INT64_MIN;
        if (duties[i].until_us == pack->until_us)
            duties[i].until_us = INT64_MAX;
    }
    *ret_pack = *pack;
    ret_pack->draft = false;
    ret_pack->from_us = INT64_MIN;
    ret_pack->until_us = INT64_MAX;
    ret_pack->duties = duties;
    return CX_OK;
}

struct both {
    const struct rule_pack *was, *is;
    size_t was_count, is_count;
};

/* The packs of now, and with the version in place of its pack from that time on. */
static cx_err prepare(struct store_tx *tx, const struct pack_simulation *it, struct both *both)
{
    struct rule_pack *candidate = NULL;
    CX_TRY(ARENA_NEW(it->arena, &candidate));
    CX_TRY(undated(it->pack, it->arena, candidate));
    CX_TRY(pack_list_of(tx, it->core, it->tenant_id, it->arena, &both->was, &both->was_count));
    const struct pack_use use = {it->pack->name, it->from_us, candidate};
    return pack_compose(both->was, both->was_count, &use, 1, it->arena, &both->is, &both->is_count);
}

static cx_err value_of(struct arena *arena, enum pack_touch what, const struct duty *duty,
                       struct cx_str *ret_text)
{
    char time[CX_TIME_TEXT_MAX];
    *ret_text = CX_STR_NONE;
    if (!duty)
        return CX_OK;
    if (what == PACK_DUTY_STATE)
        *ret_text = cx_str_from(duty_state_name(duty->state));
    if (what == PACK_DUTY_OBLIGATION)
        *ret_text = cx_str_from(rule_obligation_name(duty->rule->obligation));
    if (ret_text->ptr)
        return CX_OK;
    CX_TRY(cx_time_format(duty->deadline_us, time));
    return arena_copy_str(arena, cx_str_from(time), ret_text);
}

static cx_err add(struct pack_simulation *it, struct cx_id incident_id,
                  const struct pack_touched *touched)
{
    struct pack_finding finding = {.incident_id = incident_id, .what = touched->what};
    const struct duty *duty = touched->is ? touched->is : touched->was;
    CX_TRY(arena_copy_str(it->arena, duty->key, &finding.duty));
    CX_TRY(value_of(it->arena, touched->what, touched->was, &finding.was));
    CX_TRY(value_of(it->arena, touched->what, touched->is, &finding.is));
    it->findings[it->finding_count++] = finding;
    return CX_OK;
}

/* In an arena of its own: a timeline is long, and there are many. */
static cx_err compare(struct store_tx *tx, struct pack_simulation *it, const struct both *both,
                      const struct incident_row *row)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(INCIDENT_ARENA_MAX);
    struct incident incident = {.row = *row};
    struct pack_touched list[PACK_TOUCHED_MAX];
    struct duty_list was, is;
    size_t count = 0;
    CX_TRY(incident_complete(tx, it->core, it->tenant_id, it->now_us, &arena, &incident));
    CX_TRY(incident_judge(&incident, both->was, both->was_count, it->now_us, &arena, &was));
    CX_TRY(incident_judge(&incident, both->is, both->is_count, it->now_us, &arena, &is));
    bool room = pack_touches(&was, &is, list, &count);
    it->considered++;
    for (size_t i = 0; i < count && it->finding_count < PACK_TOUCHED_MAX; i++)
        CX_TRY(add(it, row->incident_id, &list[i]));
    it->complete = it->complete && room && it->finding_count < PACK_TOUCHED_MAX;
    return CX_OK;
}

cx_err pack_simulate(struct store_tx *tx, void *arg)
{
    struct pack_simulation *it = arg;
    struct page_key after = PAGE_START;
    struct incident_row *rows = NULL;
    struct both both;
    size_t count = PAGE;
    it->finding_count = it->considered = 0;
    it->complete = true;
    CX_TRY(prepare(tx, it, &both));
    CX_TRY(ARENA_NEW_ARRAY(it->arena, PAGE, &rows));
    while (count == PAGE && it->complete) {
        CX_TRY(incident_live(tx, it->tenant_id, &after, PAGE, it->arena, rows, &count));
        for (size_t i = 0; i < count && it->complete; i++) {
            after = (struct page_key){rows[i].created_us, rows[i].incident_id};
            if (rows[i].state == INCIDENT_CLOSED)
                continue;
            if (it->considered == PACK_CONSIDERED_MAX)
                it->complete = false;
            else
                CX_TRY(compare(tx, it, &both, &rows[i]));
        }
    }
    return CX_OK;
}
