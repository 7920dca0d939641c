#include "core/field.h"
#include "core/governance/export.h"

static struct cx_str checked(const struct account *account, struct cx_str text)
{
    return account_names_reporter(account, text) ? CX_STR(EXPORT_WITHHELD) : text;
}

cx_err export_source_make(const struct account *account, struct arena *arena,
                          struct export_source *ret_source)
{
    const struct incident *incident = &account->incident;
    struct export_source source = {.account = account,
                                   .title = checked(account, account->title),
                                   .summary = checked(account, account->summary)};
    CX_TRY(field_id_text(arena, CX_ID_INCIDENT, incident->row.incident_id, &source.id));
    CX_TRY(ARENA_NEW_ARRAY(arena, incident->entry_count, &source.details));
    for (size_t i = 0; i < incident->entry_count; i++)
        source.details[i] = checked(account, account->details[i]);
    *ret_source = source;
    return CX_OK;
}

bool export_is_confirmed(const struct account *account)
{
    return incident_first(&account->incident, KIND_CONFIRMED) != NULL;
}

bool export_reached(const struct account *account, enum incident_state state, cx_time *ret_us)
{
    const struct incident *incident = &account->incident;
    bool found = false;
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        if (entry->kind != KIND_STATE_CHANGED ||
            !cx_str_is(entry->subject, incident_state_name(state)))
            continue;
        found = true;
        *ret_us = entry->at_us;
    }
    return found;
}
