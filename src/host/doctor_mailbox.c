/* Whether the mailboxes of problem reports are reachable, as core found at its last look (core/intake/worker.h). */
#include "host/doctor_mailbox.h"

#include "base/cleanup.h"
#include "core/intake/mailbox_store.h"

enum { LOOK_ARENA_MAX = 4 * 1024 * 1024, LOOK_FACTOR = 5, LOOK_LEAST_S = 300 };

struct looking {
    struct cx_id tenant_id;
    struct arena *arena;
    struct row_mailbox *rows;
    size_t count;
};

static cx_err read_mailboxes(struct store_tx *tx, void *arg)
{
    struct looking *looking = arg;
    CX_TRY(ARENA_NEW_ARRAY(looking->arena, MAILBOXES_MAX, &looking->rows));
    return mailbox_live(tx, looking->tenant_id, looking->arena, looking->rows, &looking->count);
}

static void say_mailbox(struct doctor *doctor, struct cx_str tenant, const struct row_mailbox *row,
                        cx_time now_us)
{
    int64_t patience_s =
        row->poll_s * LOOK_FACTOR > LOOK_LEAST_S ? row->poll_s * LOOK_FACTOR : LOOK_LEAST_S;
    bool late = !row->has_checked_us || now_us - row->checked_us > patience_s * CX_US_PER_S;
    if (row->failure.len > 0)
        doctor_say(doctor, VERDICT_FAIL, "mailbox",
                   "%.*s: problem-report mailbox %.*s is not reachable: %.*s", CX_STR_ARG(tenant),
                   CX_STR_ARG(row->name), CX_STR_ARG(row->failure));
    else if (late)
        doctor_say(doctor, VERDICT_WARN, "mailbox",
                   "%.*s: problem-report mailbox %.*s was not read of late: does core run?",
                   CX_STR_ARG(tenant), CX_STR_ARG(row->name));
    else if (row->has_test_alerted_us && !row->has_test_seen_us)
        doctor_say(doctor, VERDICT_FAIL, "mailbox",
                   "%.*s: the self-test mail to problem-report mailbox %.*s did not arrive",
                   CX_STR_ARG(tenant), CX_STR_ARG(row->name));
    else
        doctor_say(doctor, VERDICT_OK, "mailbox", "%.*s: problem-report mailbox %.*s reachable",
                   CX_STR_ARG(tenant), CX_STR_ARG(row->name));
}

void host_doctor_mailbox(struct doctor *doctor, struct host *host, struct cx_id tenant_id,
                         struct cx_str name)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(LOOK_ARENA_MAX);
    struct looking looking = {.tenant_id = tenant_id, .arena = &arena};
    if (cx_failed(store_read(host->core.store, read_mailboxes, &looking))) {
        doctor_say(doctor, VERDICT_WARN, "mailbox", "%.*s: the mailboxes could not be read",
                   CX_STR_ARG(name));
        return;
    }
    for (size_t i = 0; i < looking.count; i++)
        say_mailbox(doctor, name, &looking.rows[i], cx_now(host->core.clock));
}
