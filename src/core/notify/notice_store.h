/*
 * Contacts, notices, their recipients and waivers in the database. Inside store closures; rows point into arena.
 * A customer is the group that owns a certificate, else the user who asked for it.
 */
#pragma once
#include "api_types.h" /* generated */
#include "core/page.h"
#include "store/rows.h"

enum {
    NOTICES_MAX = 200,
    NOTICE_WAIVERS_MAX = 200,
    NOTICE_UNCOVERED_MAX = 100,
    NOTICE_STEP = 200 /* recipients composed in one step */
};

/* Newest first; rows has room for limit. */
cx_err contact_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct row_notice_contact *rows,
                    size_t *ret_count);
/* CX_E_NOTFOUND. */
cx_err contact_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id contact_id,
                    struct arena *arena, struct row_notice_contact *ret_row);
/* CX_E_CONFLICT when it has ended or is not there. */
cx_err contact_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id contact_id,
                   struct cx_id ender_id, cx_time now_us);
/* CX_E_NOTFOUND when the tenant has no such group or user. */
cx_err contact_owner_check(struct store_tx *tx, struct cx_id tenant_id, struct cx_str kind,
                           struct cx_id owner_id);

/* Oldest first; rows has room for NOTICES_MAX. */
cx_err notice_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct row_notice *rows, size_t *ret_count);
/* CX_E_NOTFOUND; incident zero: of any. */
cx_err notice_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct cx_id notice_id, struct arena *arena, struct row_notice *ret_row);
/* The oldest that is being composed. CX_E_NOTFOUND when none is. */
cx_err notice_to_compose(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                         struct row_notice *ret_row);
/* Moves the cursor on, when it still stands where the row says. last: drafted from now on. CX_E_CONFLICT otherwise. */
cx_err notice_move_on(struct store_tx *tx, const struct row_notice *row,
                      struct cx_id after_owner_id, struct cx_id after_id, struct cx_bytes sha256,
                      int64_t added, bool last);
/* The one writer of notice.state but for notice_move_on. CX_E_CONFLICT when it is another. */
cx_err notice_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                      struct cx_id approver_id, cx_time now_us);
cx_err notice_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                  enum api_notice_state from, enum api_notice_state to, cx_time now_us);
/* CX_E_CONFLICT when that is known already. since_us 0: it is reachable again. */
cx_err notice_set_alerted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                          cx_time since_us);

/* Approved ones of which no delivery of the first round waits any more; rows has room for limit. */
cx_err notice_told(struct store_tx *tx, struct cx_id tenant_id, size_t limit, struct arena *arena,
                   struct row_notice *rows, size_t *ret_count);

struct notice_counts {
    int64_t waiting, reached,
        unreached; /* recipients; those of waived customers are not counted as unreached */
};
cx_err notice_count(struct store_tx *tx, const struct row_notice *row,
                    struct notice_counts *ret_counts);

/* Contacts to compose for, behind the row's cursor; only the fields that follow are set: contact_id, owner, language, has_email,
 * has_webhook_url. rows has room for NOTICE_STEP. */
cx_err notice_contacts(struct store_tx *tx, const struct row_notice *row, struct arena *arena,
                       struct row_notice_contact *rows, size_t *ret_count);
struct notice_owned {
    struct cx_id certificate_id;
    struct cx_bytes serial;
    cx_time not_after_us;
};
/* Certificates of the scope that are the owner's, a tenant's: all. rows has room for limit. */
cx_err notice_owned(struct store_tx *tx, const struct row_notice *row, struct cx_str owner_kind,
                    struct cx_id owner_id, size_t limit, struct arena *arena,
                    struct notice_owned *rows, size_t *ret_count, int64_t *ret_all);
struct notice_owner {
    struct cx_id owner_id;
    bool is_group;
};
/* Customers with affected certificates whom no recipient of the notice stands for and no waiver excuses; owners has room for NOTICE_UNCOVERED_MAX. */
cx_err notice_uncovered(struct store_tx *tx, const struct row_notice *row,
                        struct notice_owner *owners, size_t *ret_count);

/* The first one composed. CX_E_NOTFOUND. */
cx_err recipient_first(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                       struct arena *arena, struct row_notice_recipient *ret_row);
/* notice zero: of any. CX_E_NOTFOUND. */
cx_err recipient_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id notice_id,
                      struct cx_id recipient_id, struct arena *arena,
                      struct row_notice_recipient *ret_row);
/* First times stay. */
cx_err recipient_opened(struct store_tx *tx, struct cx_id tenant_id, struct cx_id recipient_id,
                        cx_time now_us);
cx_err recipient_acknowledged(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id recipient_id, cx_time now_us);

/* Oldest first; rows has room for NOTICE_WAIVERS_MAX. */
cx_err waiver_rows(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                   struct arena *arena, struct row_notice_waiver *rows, size_t *ret_count);
/* CX_E_CONFLICT when it is approved already. */
cx_err waiver_approve(struct store_tx *tx, struct cx_id tenant_id, struct cx_id waiver_id,
                      struct cx_id approver_id, cx_time now_us);
