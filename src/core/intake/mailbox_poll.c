/* Reading the mailboxes whose time has come, folder by folder. */
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/field.h"
#include "core/intake/worker.h"

enum {
    POLL_ARENA_MAX = 1024 * 1024,
    PAGE_ARENA_MAX = 64 * 1024 * 1024,
    READ_TIMEOUT_MS = 30000,
    PAGES_MAX = 16, /* of a folder in one go: the others wait their turn */
    FAILURE_MAX = 300,
};
/* Short, since it only keeps nodes from reading the same twice: what is stored, and how far, is decided by folder_advance. */
#define LEASE_US (INT64_C(15) * CX_US_PER_S)

struct polling {
    struct core *core;
    struct cx_id tenant_id;
    const struct os_worker *thread;
    struct arena *arena; /* of one mailbox */
    struct row_mailbox mailbox;
    struct row_mailbox_folder folders[MAILBOX_FOLDERS_MAX];
    size_t folder_count;
    struct outbound_mailbox from;
    struct cx_str address;
    bool more;                 /* a folder has more than was read */
    char failure[FAILURE_MAX]; /* "" = none */
    cx_time now_us;
};

static cx_err write_claim(struct store_tx *tx, void *arg)
{
    struct polling *polling = arg;
    CX_TRY(mailbox_claim(tx, polling->tenant_id, polling->now_us, polling->now_us + LEASE_US,
                         polling->arena, &polling->mailbox));
    return folder_list(tx, polling->tenant_id, polling->mailbox.mailbox_id, polling->arena,
                       polling->folders, &polling->folder_count);
}

static cx_err write_outcome(struct store_tx *tx, void *arg)
{
    struct polling *polling = arg;
    cx_time due_us = polling->now_us + (polling->more ? 0 : polling->mailbox.poll_s * CX_US_PER_S);
    return mailbox_set_checked(tx, &polling->mailbox, cx_str_from(polling->failure),
                               polling->now_us, due_us);
}

/* The first counts, of several folders. What a server said may hold anything. */
static void note_failure(struct polling *polling, struct cx_str folder, cx_err err,
                         const struct cx_diag *diag)
{
    if (polling->failure[0])
        return;
    int len = snprintf(polling->failure, sizeof(polling->failure), "%.*s: %s", CX_STR_ARG(folder),
                       diag->text[0] ? diag->text : "the outbound process gave no answer");
    for (int i = 0; i < len && i < FAILURE_MAX - 1; i++)
        if (polling->failure[i] < 0x20 || polling->failure[i] >= 0x7f)
            polling->failure[i] = '?';
    cx_log_err(CX_LOG_WARN, err, "mailbox-unread", "reason", polling->failure, NULL);
}

static cx_err open_mailbox(struct polling *polling)
{
    const struct row_mailbox *row = &polling->mailbox;
    struct field_place account = {row->tenant_id, "mailbox", "account", row->mailbox_id};
    struct field_place password = {row->tenant_id, "mailbox", "password", row->mailbox_id};
    struct field_place address = {row->tenant_id, "mailbox", "address", row->mailbox_id};
    polling->from = (struct outbound_mailbox){.host = row->host,
                                              .port = (uint16_t)row->port,
                                              .ca_pem = cx_str_bytes(row->ca),
                                              .timeout_ms = READ_TIMEOUT_MS};
    CX_TRY(
        field_open_text(polling->core, account, row->account, polling->arena, &polling->from.user));
    CX_TRY(field_open_text(polling->core, password, row->password, polling->arena,
                           &polling->from.password));
    return field_open_text(polling->core, address, row->address, polling->arena, &polling->address);
}

/* The next messages of a folder. */
static cx_err read_page(struct polling *polling, struct row_mailbox_folder *folder, bool *ret_more)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PAGE_ARENA_MAX);
    struct outbound_mailbox from = polling->from;
    struct outbound_mailbox_page page;
    struct cx_diag diag = CX_DIAG_INIT;
    from.folder = folder->folder;
    from.uid_validity = (uint32_t)folder->uid_validity;
    from.after_uid = (uint32_t)folder->last_uid;
    *ret_more = false;
    cx_err err = outbound_mailbox_read(polling->core->outbound, &from, &arena, &diag, &page);
    if (cx_failed(err)) {
        note_failure(polling, folder->folder, err, &diag);
        return CX_OK;
    }
    struct mailbox_taking taking = {.core = polling->core,
                                    .arena = &arena,
                                    .mailbox = &polling->mailbox,
                                    .folder = folder,
                                    .uid_validity = page.uid_validity,
                                    .address = polling->address};
    for (size_t i = 0; i < page.count && !os_worker_stopping(polling->thread); i++)
        CX_TRY(mailbox_take(&taking, &page.mails[i]));
    *ret_more = page.more;
    return CX_OK;
}

static cx_err read_folder(struct polling *polling, struct row_mailbox_folder *folder)
{
    bool more = true;
    for (int i = 0; i < PAGES_MAX && more; i++)
        if (os_worker_stopping(polling->thread))
            more = false;
        else
            CX_TRY(read_page(polling, folder, &more));
    polling->more |= more;
    return CX_OK;
}

static cx_err poll_one(struct polling *polling)
{
    CX_TRY(open_mailbox(polling));
    for (size_t i = 0; i < polling->folder_count; i++) {
        cx_err err = read_folder(polling, &polling->folders[i]);
        if (cx_failed(err) && err.code != CX_E_CONFLICT) /* a conflict: another node has read on */
            return err;
    }
    if (os_worker_stopping(polling->thread))
        return CX_OK; /* its lease ends by itself */
    polling->now_us = cx_now(polling->core->clock);
    return store_write(polling->core->store, write_outcome, polling);
}

cx_err mailbox_poll_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    for (int i = 0; i < MAILBOXES_MAX && !os_worker_stopping(thread); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(POLL_ARENA_MAX);
        struct polling polling = {.core = core,
                                  .tenant_id = tenant_id,
                                  .thread = thread,
                                  .arena = &arena,
                                  .now_us = cx_now(core->clock)};
        cx_err err = store_write(core->store, write_claim, &polling);
        if (err.code == CX_E_NOTFOUND)
            return CX_OK;
        CX_TRY(err);
        CX_TRY(poll_one(&polling));
    }
    return CX_OK;
}
