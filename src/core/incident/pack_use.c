#include "core/incident/pack_use.h"
#include "core/core.h"

/* ---- which applies when: pure ---- */

cx_err pack_clip(const struct rule_pack *pack, cx_time from_us, cx_time until_us,
                 struct arena *arena, struct rule_pack *ret_pack, bool *ret_empty)
{
    struct rule_pack clipped = *pack;
    struct rule_duty *duties = NULL;
    clipped.from_us = pack->from_us > from_us ? pack->from_us : from_us;
    clipped.until_us = pack->until_us < until_us ? pack->until_us : until_us;
    clipped.duty_count = 0;
    *ret_empty = clipped.from_us >= clipped.until_us;
    if (*ret_empty)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(arena, pack->duty_count, &duties));
    for (size_t i = 0; i < pack->duty_count; i++) {
        struct rule_duty duty = pack->duties[i];
        if (duty.from_us < clipped.from_us)
            duty.from_us = clipped.from_us;
        if (duty.until_us > clipped.until_us)
            duty.until_us = clipped.until_us;
        if (duty.from_us < duty.until_us)
            duties[clipped.duty_count++] = duty;
    }
    clipped.duties = duties;
    *ret_pack = clipped;
    return CX_OK;
}

struct composing {
    const struct rule_pack *packaged;
    size_t packaged_count;
    struct arena *arena;
    struct rule_pack *list;
    size_t count;
};

static cx_err add(struct composing *it, const struct rule_pack *pack, cx_time from_us,
                  cx_time until_us)
{
    bool empty = false;
    CX_TRY(pack_clip(pack, from_us, until_us, it->arena, &it->list[it->count], &empty));
    if (!empty)
        it->count++;
    return CX_OK;
}

static cx_err add_packaged(struct composing *it, struct cx_str name, cx_time from_us,
                           cx_time until_us)
{
    for (size_t i = 0; i < it->packaged_count; i++)
        if (cx_str_eq(it->packaged[i].name, name))
            CX_TRY(add(it, &it->packaged[i], from_us, until_us));
    return CX_OK;
}

static bool is_used(const struct pack_use *uses, size_t count, struct cx_str name)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(uses[i].name, name))
            return true;
    return false;
}

cx_err pack_compose(const struct rule_pack *packaged, size_t packaged_count,
                    const struct pack_use *uses, size_t use_count, struct arena *arena,
                    const struct rule_pack **ret_packs, size_t *ret_count)
{
    struct composing it = {.packaged = packaged, .packaged_count = packaged_count, .arena = arena};
    /* Each stretch of time has at most all packaged ones of its name, and there is one more stretch than uses. */
    size_t room = packaged_count + (packaged_count + 1) * 2 * use_count;
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &it.list));
    for (size_t i = 0; i < packaged_count; i++)
        if (!is_used(uses, use_count, packaged[i].name))
            it.list[it.count++] = packaged[i];
    for (size_t i = 0; i < use_count; i++) {
        bool first = i == 0 || !cx_str_eq(uses[i - 1].name, uses[i].name);
        bool last = i + 1 == use_count || !cx_str_eq(uses[i + 1].name, uses[i].name);
        cx_time until_us = last ? INT64_MAX : uses[i + 1].from_us;
        if (first)
            CX_TRY(add_packaged(&it, uses[i].name, INT64_MIN, uses[i].from_us));
        if (uses[i].pack)
            CX_TRY(add(&it, uses[i].pack, uses[i].from_us, until_us));
        else
            CX_TRY(add_packaged(&it, uses[i].name, uses[i].from_us, until_us));
    }
    *ret_packs = it.list;
    *ret_count = it.count;
    return CX_OK;
}

/* ---- from the database ---- */

static const struct rule_pack *packaged_of(const struct core *core, struct cx_str name,
                                           struct cx_str version, struct cx_str *ret_text)
{
    size_t count = 0;
    const struct rule_pack *packs = rule_set_packs(core->rules, &count);
    for (size_t i = 0; i < count; i++) {
        if (!cx_str_eq(packs[i].name, name) || !cx_str_eq(packs[i].version, version))
            continue;
        *ret_text = rule_set_text(core->rules, i);
        return &packs[i];
    }
    return NULL;
}

cx_err pack_version_of(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                       struct cx_str name, struct cx_str version, struct arena *arena,
                       struct pack_version *ret_version)
{
    struct pack_version found = {.text = CX_STR_NONE};
    found.pack = packaged_of(core, name, version, &found.text);
    found.packaged = found.pack != NULL;
    cx_err err = rule_pack_find(tx, tenant_id, name, version, arena, &found.row);
    found.stored = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND && found.packaged)
        err = CX_OK;
    CX_TRY(err);
    if (found.stored) {
        found.text = found.row.content;
        CX_TRY(rule_set_keep(core->rules, tenant_id, name, version, found.text, &found.pack));
    }
    *ret_version = found;
    return CX_OK;
}

/* The parsed version of a use, without its text when it was read before. */
static cx_err pack_of(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                      const struct pack_use_row *row, struct arena *arena,
                      const struct rule_pack **ret_pack)
{
    struct pack_version version;
    *ret_pack = NULL;
    if (!row->version.len)
        return CX_OK;
    *ret_pack = rule_set_kept(core->rules, tenant_id, row->name, row->version);
    if (*ret_pack)
        return CX_OK;
    cx_err err = pack_version_of(tx, core, tenant_id, row->name, row->version, arena, &version);
    if (err.code == CX_E_NOTFOUND)
        return CX_ERR(STORE); /* deleted by SQL: no other rules stand in for it */
    CX_TRY(err);
    *ret_pack = version.pack;
    return CX_OK;
}

cx_err pack_list_of(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                    struct arena *arena, const struct rule_pack **ret_packs, size_t *ret_count)
{
    struct pack_use_row *rows = NULL;
    struct pack_use *uses = NULL;
    size_t count = 0, packaged_count = 0;
    const struct rule_pack *packaged = rule_set_packs(core->rules, &packaged_count);
    CX_TRY(ARENA_NEW_ARRAY(arena, PACK_USES_MAX, &rows));
    CX_TRY(rule_pack_uses(tx, tenant_id, arena, rows, &count));
    if (count == 0) {
        *ret_packs = packaged;
        *ret_count = packaged_count;
        return CX_OK;
    }
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &uses));
    for (size_t i = 0; i < count; i++) {
        uses[i] = (struct pack_use){.name = rows[i].name, .from_us = rows[i].from_us};
        CX_TRY(pack_of(tx, core, tenant_id, &rows[i], arena, &uses[i].pack));
    }
    return pack_compose(packaged, packaged_count, uses, count, arena, ret_packs, ret_count);
}
