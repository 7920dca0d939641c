#include "core/incident/posting.h"

enum incident_kind posting_kind(enum api_publication_form form, bool restricted)
{
    static const enum incident_kind KINDS[API_PUBLICATION_FORM_COUNT] = {
        [API_PUBLICATION_FORM_PRELIMINARY] = KIND_DISCLOSED,
        [API_PUBLICATION_FORM_FULL] = KIND_FULL_REPORT_POSTED,
        [API_PUBLICATION_FORM_UPDATE] = KIND_UPDATE_POSTED,
        [API_PUBLICATION_FORM_CLOSURE] = KIND_CLOSURE_REQUESTED,
        [API_PUBLICATION_FORM_MICROSOFT_INITIAL] = KIND_MICROSOFT_NOTIFIED,
        [API_PUBLICATION_FORM_MICROSOFT_UPDATE] = KIND_MICROSOFT_UPDATED,
        [API_PUBLICATION_FORM_MICROSOFT_FINAL] = KIND_MICROSOFT_FINAL_SENT};
    return restricted && KINDS[form] == KIND_DISCLOSED ? KIND_SECURE_BUG_FILED : KINDS[form];
}

cx_err posting_prepare(struct posting *posting)
{
    const struct entry_draft draft = {.tenant_id = posting->tenant_id,
                                      .incident_id = posting->incident_id,
                                      .actor_id = posting->actor_id,
                                      .kind = posting->kind,
                                      .at_us = posting->at_us,
                                      .now_us = posting->now_us,
                                      .proof = posting->url};
    return incident_entry_prepare(posting->core, posting->arena, &draft, &posting->entry);
}

cx_err posting_write(struct store_tx *tx, struct posting *posting)
{
    struct incident incident;
    CX_TRY(publication_set_posted(tx, posting->tenant_id, posting->publication_id, posting->url,
                                  posting->at_us));
    CX_TRY(incident_load(tx, posting->core, posting->tenant_id, posting->incident_id,
                         posting->now_us, posting->arena, &incident));
    if (incident_kind_is_once(posting->kind) && incident_first(&incident, posting->kind))
        return CX_OK; /* disclosed earlier, by a secure report: that time stays */
    return incident_append(tx, &posting->entry);
}
