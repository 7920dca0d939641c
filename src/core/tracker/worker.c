#include "core/tracker/worker.h"

#include "base/checked.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/tracker/bugzilla.h"

enum { PASS_PAUSE_MS = 1000 };

static const struct tenant_pass PASSES[] = {
    {"tracker-send-failed", tracker_send_pass},
    {"tracker-poll-failed", tracker_poll_pass},
};

cx_err tracker_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}

cx_err tracker_raise_open(struct core *core, struct arena *arena, struct cx_id tenant_id,
                          struct cx_id incident_id, struct cx_str why)
{
    struct alert_draft draft = {.tenant_id = tenant_id,
                                .rule = CX_STR("tracker-restriction-unconfirmed"),
                                .title = CX_STR("A restricted bug may be open to everybody"),
                                .impact = LEVEL_HIGH,
                                .urgency = LEVEL_HIGH,
                                .tracks = 1u << TRACK_SECURITY,
                                .at_us = cx_now(core->clock),
                                .now_us = cx_now(core->clock)};
    CX_TRY(field_id_text(arena, CX_ID_INCIDENT, incident_id, &draft.subject));
    CX_TRY(arena_printf(arena, &draft.summary,
                        "Nothing more is posted for incident %.*s until somebody has looked: %.*s",
                        CX_STR_ARG(draft.subject), CX_STR_ARG(why)));
    return alert_raise(core, arena, &draft);
}

cx_err tracker_read_bug(const struct tracker_line *line, int64_t number,
                        struct bugzilla_bug *ret_bug, struct tracker_answer *answer)
{
    struct cx_str path = CX_STR_NONE;
    struct cx_diag diag = CX_DIAG_INIT;
    struct bugzilla_bug *bugs = NULL;
    size_t count = 0;
    CX_TRY(arena_printf(line->arena, &path,
                        "/bug/%lld?include_fields=id,alias,status,resolution,whiteboard,groups,"
                        "product,component",
                        (long long)number));
    CX_TRY(tracker_ask(line, OUTBOUND_TRACKER_GET, path, CX_BYTES_NONE, answer));
    if (answer->verdict != TRACKER_DONE)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(line->arena, BUGZILLA_BUGS_MAX, &bugs));
    cx_err err = bugzilla_bugs_parse(cx_buf_view(&answer->body), line->arena, &diag, bugs, &count);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_is_ok(err) && count == 1 && bugs[0].number == number)
        *ret_bug = bugs[0];
    else
        tracker_answer_garbled(answer, &diag);
    return CX_OK;
}
