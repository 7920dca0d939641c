/*
 * Operations on settings. set_value is the one place where a decoded change becomes a version and its audit entry: a rollback
 * goes through it with the value of an earlier version.
 */
#include "api_routes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "core/authentication/session_store.h"
#include "core/change/rollback.h"
#include "core/field.h"
#include "core/setting/setting_simulate.h"
#include "core/setting/setting_store.h"

_Static_assert((int)API_SETTING_NAME_COUNT == (int)SETTING_COUNT &&
                   (int)API_SETTING_NAME_SESSION_FACTOR_AGE == (int)SETTING_SESSION_FACTOR_AGE &&
                   (int)API_SETTING_NAME_REVIEW_ANSWER == (int)SETTING_REVIEW_ANSWER &&
                   (int)API_SETTING_UNIT_DAYS == (int)SETTING_DAYS &&
                   (int)API_SETTING_EFFECT_COUNT == (int)SETTING_EFFECT_COUNT,
               "the contract lists settings, units and effects in the order of setting.h");

struct setting_show {
    struct cx_id tenant_id;
    struct setting_row rows[SETTING_COUNT];
};

static cx_err read_rows(struct store_tx *tx, void *arg)
{
    struct setting_show *show = arg;
    return setting_rows_read(tx, show->tenant_id, show->rows);
}

static struct api_setting_view view_of(enum setting_name name, const struct setting_row *row,
                                       cx_time now_us)
{
    const struct setting *setting = setting_of(name);
    bool waits = now_us < row->value.effective_us;
    return (struct api_setting_view){
        .name = (enum api_setting_name)name,
        .value = waits ? row->value.before : row->value.value,
        .unit = (enum api_setting_unit)setting->unit,
        .minimum = setting->minimum,
        .maximum = setting->maximum,
        .standard = setting->standard,
        .governs = cx_str_from(setting->governs),
        .version = row->version,
        .has_next_value = waits,
        .next_value = row->value.value,
        .has_effective = row->version > 0,
        .effective = row->value.effective_us,
        .has_changed = row->version > 0,
        .changed = row->changed_us,
        .has_changed_by_id = row->version > 0,
        .changed_by_id = row->changed_by_id,
    };
}

cx_err handle_setting_list(struct api_request *request, const struct api_setting_list_in *in,
                           struct api_setting_list_out *ret_out)
{
    (void)in;
    struct setting_show show = {.tenant_id = request->principal.tenant_id};
    struct api_setting_view *items = NULL;
    CX_TRY(store_read(request->core->store, read_rows, &show));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, SETTING_COUNT, &items));
    for (int i = 0; i < SETTING_COUNT; i++)
        items[i] = view_of((enum setting_name)i, &show.rows[i], request->now_us);
    ret_out->body = (struct api_setting_list){.items = items, .items_count = SETTING_COUNT};
    return CX_OK;
}

static cx_err show_setting(struct api_request *request, enum setting_name name,
                           struct api_setting_view *ret_view)
{
    struct setting_show show = {.tenant_id = request->principal.tenant_id};
    CX_TRY(store_read(request->core->store, read_rows, &show));
    *ret_view = view_of(name, &show.rows[name], request->now_us);
    return CX_OK;
}

cx_err handle_setting_get(struct api_request *request, const struct api_setting_get_in *in,
                          struct api_setting_get_out *ret_out)
{
    return show_setting(request, (enum setting_name)in->name, &ret_out->body);
}

/* ---- changing ---- */

struct setting_wish {
    enum setting_name name;
    int64_t value, from_version; /* from_version 0: nobody rolls back */
    bool has_effective;
    cx_time effective_us;
    struct cx_str reason;
};

static cx_err check_value(struct api_request *request, enum setting_name name, int64_t value)
{
    const struct setting *setting = setting_of(name);
    if (setting_clamp(name, value) == value)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "value", "setting-bounds",
                     "%s is between %lld and %lld %s.", setting->name, (long long)setting->minimum,
                     (long long)setting->maximum, setting_unit_name(setting->unit));
}

/* What others agreed to may have waited past its time: then it comes into force at once. */
static cx_err check_effective(struct api_request *request, const struct setting_wish *wish)
{
    if (!wish->has_effective ||
        ((request->agreed || wish->effective_us >= request->now_us) &&
         wish->effective_us <= request->now_us + SETTING_AHEAD_MAX_DAYS * CX_US_PER_DAY))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "effective", "setting-effective",
                     "The time lies after now, and at most %d days ahead.", SETTING_AHEAD_MAX_DAYS);
}

/* What is over stays over: a longer limit opens no session again. */
static cx_err write_change(struct store_tx *tx, void *arg)
{
    const struct setting_change *change = arg;
    if (change->name == SETTING_SESSION_LIFE || change->name == SETTING_SESSION_IDLE) {
        struct setting_values values;
        CX_TRY(setting_values_read(tx, change->tenant_id, &values));
        CX_TRY(session_end_over(tx, change->tenant_id, &values, change->now_us));
    }
    return setting_write(tx, change);
}

static cx_err set_value(struct api_request *request, const struct setting_wish *wish,
                        struct api_setting_view *ret_view)
{
    struct setting_change change = {.tenant_id = request->principal.tenant_id,
                                    .by = request->principal.user_id,
                                    .name = wish->name,
                                    .value = wish->value,
                                    .effective_us =
                                        wish->has_effective && wish->effective_us > request->now_us
                                            ? wish->effective_us
                                            : request->now_us,
                                    .now_us = request->now_us};
    char effective[CX_TIME_TEXT_MAX];
    struct field_detail details[] = {{"setting", cx_str_from(setting_of(wish->name)->name)},
                                     {"value", CX_STR_NONE},
                                     {"effective", CX_STR_NONE},
                                     {"reason", wish->reason},
                                     {"from_version", CX_STR_NONE}};
    struct audit_event event = {0};
    CX_TRY(check_value(request, wish->name, wish->value));
    CX_TRY(check_effective(request, wish));
    CX_TRY(cx_time_format(change.effective_us, effective));
    details[2].value = cx_str_from(effective);
    CX_TRY(arena_printf(request->arena, &details[1].value, "%lld", (long long)wish->value));
    if (wish->from_version)
        CX_TRY(
            arena_printf(request->arena, &details[4].value, "%lld", (long long)wish->from_version));
    CX_TRY(field_details(request->arena, details, wish->from_version ? 5 : 4, &event.details));
    CX_TRY(api_commit(request, &event, write_change, &change));
    return show_setting(request, wish->name, ret_view);
}

cx_err handle_setting_set(struct api_request *request, const struct api_setting_set_in *in,
                          struct api_setting_set_out *ret_out)
{
    const struct setting_wish wish = {.name = (enum setting_name)in->name,
                                      .value = in->value,
                                      .has_effective = in->has_effective,
                                      .effective_us = in->effective,
                                      .reason = in->reason};
    return set_value(request, &wish, &ret_out->body);
}

cx_err handle_setting_rollback(struct api_request *request,
                               const struct api_setting_rollback_in *in,
                               struct api_setting_rollback_out *ret_out)
{
    enum setting_name name = (enum setting_name)in->name;
    json_auto_t *root = NULL;
    CX_TRY(change_rollback_read(request->core, request->principal.tenant_id, CHANGE_SETTING,
                                cx_str_from(setting_of(name)->name), in->version, request->arena,
                                request->diag, &root));
    const struct setting_wish wish = {.name = name,
                                      .value = json_integer_value(json_object_get(root, "value")),
                                      .from_version = in->version,
                                      .has_effective = in->has_effective,
                                      .effective_us = in->effective,
                                      .reason = in->reason};
    return set_value(request, &wish, &ret_out->body);
}

/* ---- what a value would touch ---- */

struct simulation {
    struct api_request *request;
    enum setting_name name;
    int64_t value, was, count;
};

static cx_err read_simulation(struct store_tx *tx, void *arg)
{
    struct simulation *it = arg;
    struct api_request *request = it->request;
    struct setting_values values;
    CX_TRY(setting_values_read(tx, request->principal.tenant_id, &values));
    it->was = setting_at(&values, it->name, request->now_us);
    return setting_count_touched(tx, request->principal.tenant_id, it->name, it->value,
                                 request->now_us, request->arena, &it->count);
}

cx_err handle_setting_simulate(struct api_request *request,
                               const struct api_setting_simulate_in *in,
                               struct api_setting_simulate_out *ret_out)
{
    struct simulation it = {
        .request = request, .name = (enum setting_name)in->name, .value = in->value};
    CX_TRY(check_value(request, it.name, it.value));
    CX_TRY(store_read(request->core->store, read_simulation, &it));
    ret_out->body = (struct api_setting_simulation){
        .name = in->name,
        .value = it.value,
        .was = it.was,
        .effect = (enum api_setting_effect)setting_effect_of(it.name),
        .count = it.count};
    return CX_OK;
}
