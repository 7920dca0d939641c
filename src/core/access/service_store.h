/*
 * Service accounts: users that no person is. One has an owner, a person or the people of a group, who answers for it: for
 * separation of duties account and owner are one person. It has no factors and no links, and works with tokens and client
 * certificates only, as long as somebody active owns it. Rows of owners end and stay.
 * Every function runs inside a store closure and has the tenant in its WHERE. docs/design/082-service-accounts.md.
 */
#pragma once
#include "core/access/access_store.h"

struct service_row {
    struct cx_id user_id;
    struct cx_sealed purpose;
    cx_time created_us, last_used_us; /* last_used_us 0: never */
    struct cx_id owner_id, group_id;  /* one of them; the other zero */
    cx_time since_us;                 /* owned so */
};

/* The time of last use is stored this exactly. */
enum { SERVICE_TOUCH_S = 60 };

/* CX_E_NOTFOUND when the tenant has no such service account. */
cx_err service_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct service_row *ret_service);
/* Newest first. person_id zero: all; else those that this person owns, or a group that they are in. */
cx_err service_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id person_id,
                    const struct page_key *after, size_t limit, struct arena *arena,
                    struct service_row *rows, size_t *ret_count);
/* Who owns it now: the person, or everybody in the group and below it, active or not. */
cx_err service_people(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct arena *arena, struct cx_id **ret_people, size_t *ret_count);
/* Whether the person is one of them. */
cx_err service_is_owned_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct cx_id person_id, bool *ret_owned);

struct service_gift {
    struct cx_id tenant_id, user_id;
    struct cx_id owner_id, group_id; /* one of them */
    struct cx_id by;
    cx_time now_us;
};
/* Ends who owned it, and with that its tokens and client certificates, since they knew them. CX_E_POLICY when the new owner is no active person
 * ("owner-inactive") or group ("group-unknown") of the tenant. */
cx_err service_give(struct store_tx *tx, const struct service_gift *gift, struct arena *arena,
                    struct cx_diag *diag);
/* Disables what a person owns alone and ends its tokens and client certificates: they left, and nobody else answers for it. */
cx_err service_end_owned(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                         struct arena *arena, cx_time now_us);
/* Notes the use of a service account, SERVICE_TOUCH_S after the last one at the earliest. Not inside a closure. A request
 * is answered even when this fails. */
struct core;
void service_note_use(struct core *core, struct cx_id tenant_id, struct cx_id user_id,
                      cx_time last_used_us, cx_time now_us);
cx_err service_touch(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     cx_time now_us);
