/* The operations about the service itself: alive, state of its parts, the clock. */
#include "api_routes.h"

#include "core/system/clock.h"
#include "outbound/client.h"

enum { COMPONENTS = 3 };

cx_err handle_health(struct api_request *request, const struct api_health_in *in,
                     struct api_health_out *ret_out)
{
    (void)request;
    (void)in;
    ret_out->body.status = API_COMPONENT_STATE_OK;
    return CX_OK;
}

struct numbers {
    struct cx_id tenant_id;
    int64_t schema_version, audit_size;
};

static cx_err read_int(struct store_stmt *q, int64_t *value)
{
    bool row = false;
    CX_TRY(store_step(q, &row));
    *value = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

static cx_err read_numbers(struct store_tx *tx, void *arg)
{
    struct numbers *numbers = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT MAX(version) FROM schema_migration", &q));
    CX_TRY(read_int(q, &numbers->schema_version));
    CX_TRY(store_prepare(tx, "SELECT size FROM audit_tree WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, numbers->tenant_id);
    return read_int(q, &numbers->audit_size);
}

static void set_component(struct api_component_view *part, const char *name, cx_err err)
{
    part->name = cx_str_from(name);
    part->state = cx_is_ok(err) ? API_COMPONENT_STATE_OK : API_COMPONENT_STATE_DOWN;
    part->has_detail = cx_failed(err);
    part->detail = cx_str_from(cx_err_name(err));
}

cx_err handle_system_status(struct api_request *request, const struct api_system_status_in *in,
                            struct api_system_status_out *ret_out)
{
    struct core *core = request->core;
    struct numbers numbers = {.tenant_id = request->principal.tenant_id};
    struct keys_status keys = {0};
    struct api_component_view *parts = NULL;
    (void)in;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, COMPONENTS, &parts));
    cx_err store = store_read(core->store, read_numbers, &numbers);
    cx_err keys_err = keys_get_status(core->keys, &keys);
    set_component(&parts[0], "store", store);
    set_component(&parts[1], "keys", keys_err);
    set_component(&parts[2], "outbound", outbound_ping(core->outbound));
    bool counted = cx_is_ok(keys_err);
    ret_out->body = (struct api_system_status_view){
        .version = CX_STR(CERTINEXT_VERSION),
        .now = request->now_us,
        .drill = core->options.drill,
        .engine =
            store_engine_of(core->store) == STORE_SQLITE ? CX_STR("sqlite") : CX_STR("postgresql"),
        .schema_version = numbers.schema_version,
        .has_audit_size = cx_is_ok(store),
        .audit_size = numbers.audit_size,
        .has_journal_count = counted,
        .journal_count = (int64_t)keys.journal_count,
        .has_signed_count = counted,
        .signed_count = (int64_t)keys.signed_count,
        .has_unsettled_count = counted,
        .unsettled_count = keys.unsettled_count,
        .components = parts,
        .components_count = COMPONENTS};
    return CX_OK;
}

static struct api_clock_view clock_view(const struct core *core)
{
    return (struct api_clock_view){.now = cx_now(core->clock),
                                   .offset_s = core->clock->offset_us / CX_US_PER_S,
                                   .drill = core->options.drill};
}

cx_err handle_system_clock_get(struct api_request *request,
                               const struct api_system_clock_get_in *in,
                               struct api_system_clock_get_out *ret_out)
{
    (void)in;
    ret_out->body = clock_view(request->core);
    return CX_OK;
}

struct clock_change {
    struct cx_id tenant_id;
    int64_t offset_us;
    cx_time now_us;
};

static cx_err store_change(struct store_tx *tx, void *arg)
{
    const struct clock_change *change = arg;
    return system_clock_store(tx, change->tenant_id, change->offset_us, change->now_us);
}

cx_err handle_system_clock_set(struct api_request *request,
                               const struct api_system_clock_set_in *in,
                               struct api_system_clock_set_out *ret_out)
{
    struct core *core = request->core;
    struct clock_change change = {request->principal.tenant_id, in->offset_s * CX_US_PER_S,
                                  request->now_us};
    struct audit_event event = {.outcome = AUDIT_DONE};
    if (!core->options.drill)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "not-a-drill-instance",
                         "Only an instance that was made with init --drill has a simulated clock.");
    if (change.offset_us < core->clock->offset_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "/offset_s", "clock-goes-back",
                         "Time only goes forward: the offset in force is %lld s.",
                         (long long)(core->clock->offset_us / CX_US_PER_S));
    CX_TRY(arena_printf(request->arena, &event.details, "{\"offset_s\":%lld}",
                        (long long)in->offset_s));
    CX_TRY(api_commit(request, &event, store_change, &change));
    core->clock->offset_us = change.offset_us;
    CX_TRY(system_clock_tell_keys(core)); /* the offset is stored: asking again repeats this step */
    ret_out->body = clock_view(core);
    return CX_OK;
}
