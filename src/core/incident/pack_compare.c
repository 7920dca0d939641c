#include "core/incident/pack_compare.h"
#include "base/cleanup.h"
#include "codec/yaml.h"

/* ---- texts ---- */

struct comparing {
    struct arena *arena;
    struct pack_difference *list;
    size_t count;
};

/* As JSON, without the list of duties. "" when there is none. */
static cx_err text_of(json_t *object, struct arena *arena, struct cx_str *ret_text)
{
    *ret_text = CX_STR("");
    if (!object)
        return CX_OK;
    CX_AUTO_FREE char *text = json_dumps(object, JSON_COMPACT);
    return text ? arena_copy_str(arena, cx_str_from(text), ret_text) : CX_ERR(NOMEM);
}

static cx_err push(struct comparing *it, struct cx_str duty,
                   const struct change_difference *difference)
{
    if (it->count == PACK_DIFFERENCES_MAX)
        return CX_ERR(LIMIT);
    it->list[it->count++] = (struct pack_difference){duty, *difference};
    return CX_OK;
}

static cx_err compare(struct comparing *it, struct cx_str duty, json_t *was, json_t *is)
{
    struct change_difference list[CHANGE_DIFF_MAX];
    struct cx_str before, content;
    size_t count = 0;
    CX_TRY(text_of(was, it->arena, &before));
    CX_TRY(text_of(is, it->arena, &content));
    CX_TRY(change_diff(before, content, it->arena, list, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(push(it, duty, &list[i]));
    return CX_OK;
}

static cx_err id_of(struct comparing *it, const json_t *duty, struct cx_str *ret_id)
{
    return arena_copy_str(it->arena, cx_str_from(json_string_value(json_object_get(duty, "id"))),
                          ret_id);
}

static json_t *same_duty(const json_t *duties, const json_t *wanted)
{
    size_t index;
    json_t *duty;
    json_array_foreach(duties, index, duty)
    {
        if (json_equal(json_object_get(duty, "id"), json_object_get(wanted, "id")))
            return duty;
    }
    return NULL;
}

/* A duty that only one side has. */
static cx_err push_whole(struct comparing *it, json_t *duty, bool gone)
{
    struct change_difference difference = {.field = CX_STR("duty"), CX_STR_NONE, CX_STR_NONE};
    struct cx_str id;
    CX_TRY(id_of(it, duty, &id));
    CX_TRY(text_of(duty, it->arena, gone ? &difference.was : &difference.is));
    return push(it, id, &difference);
}

static cx_err compare_duties(struct comparing *it, const json_t *was, const json_t *is)
{
    size_t index;
    json_t *duty;
    json_array_foreach(is, index, duty)
    {
        json_t *before = same_duty(was, duty);
        struct cx_str id;
        CX_TRY(id_of(it, duty, &id));
        CX_TRY(before ? compare(it, id, before, duty) : push_whole(it, duty, false));
    }
    json_array_foreach(was, index, duty)
    {
        if (!same_duty(is, duty))
            CX_TRY(push_whole(it, duty, true));
    }
    return CX_OK;
}

cx_err pack_diff(struct cx_str was, struct cx_str is, struct arena *arena,
                 struct pack_difference **ret_list, size_t *ret_count)
{
    json_auto_t *before = NULL, *after = NULL, *duties_before = NULL, *duties_after = NULL;
    struct comparing it = {.arena = arena};
    struct cx_diag ignored = CX_DIAG_INIT;
    CX_TRY(ARENA_NEW_ARRAY(arena, PACK_DIFFERENCES_MAX, &it.list));
    CX_TRY(yaml_parse(cx_str_bytes(was), RULE_PACK_MAX, &ignored, &before));
    CX_TRY(yaml_parse(cx_str_bytes(is), RULE_PACK_MAX, &ignored, &after));
    duties_before = json_incref(json_object_get(before, "duties"));
    duties_after = json_incref(json_object_get(after, "duties"));
    json_object_del(before, "duties");
    json_object_del(after, "duties");
    CX_TRY(compare(&it, CX_STR(""), before, after));
    CX_TRY(compare_duties(&it, duties_before, duties_after));
    *ret_list = it.list;
    *ret_count = it.count;
    return CX_OK;
}

/* ---- judgements ---- */

static const struct duty *find(const struct duty_list *list, struct cx_str key)
{
    for (size_t i = 0; i < list->count; i++)
        if (cx_str_eq(list->duties[i].key, key))
            return &list->duties[i];
    return NULL;
}

static bool touch(struct pack_touched *list, size_t *count, enum pack_touch what,
                  const struct duty *was, const struct duty *is)
{
    if (*count == PACK_TOUCHED_MAX)
        return false;
    list[(*count)++] = (struct pack_touched){what, was, is};
    return true;
}

static bool touch_both(struct pack_touched *list, size_t *count, const struct duty *was,
                       const struct duty *is)
{
    bool room = true;
    if (was->deadline_us != is->deadline_us)
        room = room && touch(list, count, PACK_DUTY_DEADLINE, was, is);
    if (was->rule->obligation != is->rule->obligation)
        room = room && touch(list, count, PACK_DUTY_OBLIGATION, was, is);
    if (was->state != is->state)
        room = room && touch(list, count, PACK_DUTY_STATE, was, is);
    return room;
}

bool pack_touches(const struct duty_list *was, const struct duty_list *is,
                  struct pack_touched *list, size_t *count)
{
    bool room = true;
    for (size_t i = 0; i < is->count && room; i++) {
        const struct duty *before = find(was, is->duties[i].key);
        room = before ? touch_both(list, count, before, &is->duties[i])
                      : touch(list, count, PACK_DUTY_ADDED, NULL, &is->duties[i]);
    }
    for (size_t i = 0; i < was->count && room; i++)
        if (!find(is, was->duties[i].key))
            room = touch(list, count, PACK_DUTY_REMOVED, &was->duties[i], NULL);
    return room;
}
