#include "core/incident/pack_simulate.h"
#include "core/incident/pack_use.h"

enum { PAGE = 256 };

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

static cx_err compare(struct store_tx *tx, struct pack_simulation *it, const struct both *both,
                      const struct incident_row *row)
{
    struct incident incident = {.row = *row};
    struct pack_touched list[PACK_TOUCHED_MAX];
    struct duty_list was, is;
    size_t count = 0;
    CX_TRY(incident_complete(tx, it->core, it->tenant_id, it->now_us, it->arena, &incident));
    CX_TRY(incident_judge(&incident, both->was, both->was_count, it->now_us, it->arena, &was));
    CX_TRY(incident_judge(&incident, both->is, both->is_count, it->now_us, it->arena, &is));
    bool room = pack_touches(&was, &is, list, &count);
    it->considered++;
    for (size_t i = 0; i < count && it->finding_count < PACK_TOUCHED_MAX; i++)
        it->findings[it->finding_count++] = (struct pack_finding){row->incident_id, list[i]};
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
