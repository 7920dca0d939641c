/*
 * The mailboxes by themselves, one thread a node: read, answer, test. Nodes share the work by leases on times; what comes of a message
 * commits together with how far its folder was read, so that a crash loses no mail and takes none twice.
 */
#pragma once
#include "core/intake/mailbox_store.h"
#include "core/notify/text.h"
#include "core/tenant/tenant_worker.h"
#include "outbound/client.h"

cx_err intake_worker_start(struct core *core, struct tenant_worker **ret_worker);

/* One pass over one tenant each. */
cx_err mailbox_poll_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread);
cx_err mailbox_receipt_pass(struct core *core, struct cx_id tenant_id,
                            const struct os_worker *thread);
/* Self-tests, and alerts about mailboxes that fall silent. After the poll pass: what has arrived is then known. */
cx_err mailbox_health_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread);

struct mailbox_taking {
    struct core *core;
    struct arena *arena;
    const struct row_mailbox *mailbox;
    struct row_mailbox_folder *folder; /* how far it was read; goes on with each mail */
    uint32_t uid_validity;
    struct cx_str address; /* of the mailbox */
};
/* One mail: a report, the self-test's, or one that is known. CX_E_CONFLICT: another node has read on. */
cx_err mailbox_take(struct mailbox_taking *taking, const struct outbound_received *mail);

/* Message-ID of the mailbox's self-test, without brackets. */
cx_err mailbox_test_message_id(struct core *core, const struct row_mailbox *mailbox,
                               struct arena *arena, struct cx_str *ret_id);
