#include "core/setting/setting_store.h"
#include "core/change/change.h"

static void take(const struct store_stmt *q, struct setting_row *rows)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_name name = (enum setting_name)i;
        if (!cx_str_is(store_col_text(q, 0), setting_of(name)->name))
            continue;
        rows[i] = (struct setting_row){.version = store_col_int(q, 1),
                                       .value = {setting_clamp(name, store_col_int(q, 2)),
                                                 setting_clamp(name, store_col_int(q, 3)),
                                                 store_col_int(q, 4)},
                                       .changed_us = store_col_int(q, 5),
                                       .changed_by_id = store_col_id(q, 6)};
    }
}

cx_err setting_rows_read(struct store_tx *tx, struct cx_id tenant_id,
                         struct setting_row ret_rows[static SETTING_COUNT])
{
    struct setting_values standard;
    struct store_stmt *q = NULL;
    setting_values_default(&standard);
    for (int i = 0; i < SETTING_COUNT; i++)
        ret_rows[i] = (struct setting_row){.value = standard.list[i]};
    CX_TRY(store_prepare(tx,
                         "SELECT name, version, value, value_before, effective_us, changed_us, "
                         "changed_by_id FROM setting WHERE tenant_id = $1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        take(q, ret_rows);
    }
}

cx_err setting_values_read(struct store_tx *tx, struct cx_id tenant_id,
                           struct setting_values *ret_values)
{
    struct setting_row rows[SETTING_COUNT];
    CX_TRY(setting_rows_read(tx, tenant_id, rows));
    for (int i = 0; i < SETTING_COUNT; i++)
        ret_values->list[i] = rows[i].value;
    return CX_OK;
}

struct load {
    struct cx_id tenant_id;
    struct setting_values *values;
};

static cx_err read_values(struct store_tx *tx, void *arg)
{
    const struct load *load = arg;
    return setting_values_read(tx, load->tenant_id, load->values);
}

cx_err setting_values_load(struct store *store, struct cx_id tenant_id,
                           struct setting_values *ret_values)
{
    struct load load = {tenant_id, ret_values};
    return store_read(store, read_values, &load);
}

cx_err setting_check_life(struct store_tx *tx, const struct setting_question *question,
                          struct cx_diag *diag)
{
    const struct setting *setting = setting_of(question->name);
    struct setting_values values;
    CX_TRY(setting_values_read(tx, question->tenant_id, &values));
    if (question->life_us <= setting_us_at(&values, question->name, question->now_us))
        return CX_OK;
    return cx_refuse(diag, CX_ERR(POLICY), question->field, question->rule,
                     "%s lasts for at most %lld %s here (the setting %s).", question->what,
                     (long long)setting_at(&values, question->name, question->now_us),
                     setting_unit_name(setting->unit), setting->name);
}

cx_err setting_write(struct store_tx *tx, const struct setting_change *change)
{
    struct setting_row rows[SETTING_COUNT];
    struct store_stmt *q = NULL;
    CX_TRY(setting_rows_read(tx, change->tenant_id, rows));
    const struct setting_value *was = &rows[change->name].value;
    int64_t before = change->now_us < was->effective_us ? was->before : was->value;
    struct cx_str name = cx_str_from(setting_of(change->name)->name);
    CX_TRY(store_prepare(tx,
                         "INSERT INTO setting (tenant_id, name, version, value, value_before, "
                         "effective_us, changed_us, changed_by_id) VALUES ($1, $2, $3, $4, $5, $6, "
                         "$7, $8) ON CONFLICT (tenant_id, name) DO UPDATE SET version = $3, "
                         "value = $4, value_before = $5, effective_us = $6, changed_us = $7, "
                         "changed_by_id = $8",
                         &q));
    store_bind_id(q, 1, change->tenant_id);
    store_bind_text(q, 2, name);
    store_bind_int(q, 3, rows[change->name].version + 1);
    store_bind_int(q, 4, change->value);
    store_bind_int(q, 5, before);
    store_bind_int(q, 6, change->effective_us);
    store_bind_int(q, 7, change->now_us);
    store_bind_id(q, 8, change->by);
    CX_TRY(store_exec(q));
    return change_note_text(tx, change->tenant_id, CHANGE_SETTING, name);
}
