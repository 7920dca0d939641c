/* Enrolment links, and what they say about who is independent of whom. */
#include "core/access/access_store.h"
#include "core/access/person.h"

cx_err link_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id link_id,
                 struct link_row *ret_link)
{
    struct store_stmt *q = NULL;
    struct link_row link = {.link_id = link_id};
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT user_id, secret_hash, created_us, expires_us, redeemed_us, "
                         "created_by_id "
                         "FROM enrolment_link WHERE tenant_id = $1 AND link_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, link_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    link.user_id = store_col_id(q, 0);
    struct cx_bytes hash = store_col_bytes(q, 1);
    if (hash.len != sizeof(link.secret_hash))
        return CX_ERR(STORE);
    memcpy(link.secret_hash, hash.ptr, hash.len);
    link.created_us = store_col_int(q, 2);
    link.expires_us = store_col_int(q, 3);
    link.redeemed_us = store_col_int(q, 4);
    link.created_by_id = store_col_id(q, 5);
    *ret_link = link;
    return CX_OK;
}

cx_err link_redeem(struct store_tx *tx, struct cx_id tenant_id, struct cx_id link_id,
                   cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE enrolment_link SET redeemed_us = $3 WHERE tenant_id = $1 "
                         "AND link_id = $2 AND redeemed_us IS NULL AND expires_us > $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, link_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err link_expire_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE enrolment_link SET expires_us = $3 WHERE tenant_id = $1 AND user_id = $2 "
        "AND redeemed_us IS NULL AND expires_us > $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

/* Who could be whom: a link or an identity at a provider was made by somebody, and whoever owns a service account, or did,
 * has what it has, as has whoever bound a client certificate to it. */
#define MADE_BY                                                                                    \
    "SELECT user_id, created_by_id FROM enrolment_link WHERE tenant_id = $1 "                      \
    "AND redeemed_us IS NOT NULL AND created_by_id IS NOT NULL "                                   \
    "UNION ALL SELECT user_id, created_by_id FROM oidc_identity WHERE tenant_id = $1 "             \
    "AND created_by_id IS NOT NULL "                                                               \
    "UNION ALL SELECT user_id, owner_id FROM service_owner WHERE tenant_id = $1 "                  \
    "AND owner_id IS NOT NULL "                                                                    \
    "UNION ALL SELECT o.user_id, m.user_id FROM service_owner o JOIN group_member m "              \
    "ON m.tenant_id = o.tenant_id AND m.group_id = o.group_id WHERE o.tenant_id = $1 "             \
    "UNION ALL SELECT c.user_id, c.created_by_id FROM client_certificate c "                       \
    "JOIN service_account s ON s.tenant_id = c.tenant_id AND s.user_id = c.user_id "               \
    "WHERE c.tenant_id = $1 "

/* UNION, not UNION ALL: two persons who enrolled each other end the walk. */
cx_err link_enrolled_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id by_id, bool *ret_enrolled)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "WITH RECURSIVE enroller (user_id) AS ("
                         "SELECT f.created_by_id FROM (" MADE_BY ") f WHERE f.user_id = $2 "
                         "UNION SELECT m.created_by_id FROM enroller e JOIN (" MADE_BY
                         ") m ON m.user_id = e.user_id) "
                         "SELECT 1 FROM enroller WHERE user_id = $3 LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_id(q, 3, by_id);
    CX_TRY(store_step(q, &row));
    *ret_enrolled = row;
    return CX_OK;
}

cx_err access_tie_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id requester_id,
                       struct cx_id approver_id, enum access_tie *ret_tie)
{
    bool same = false, by_requester = false, by_approver = false;
    if (!cx_id_eq(requester_id, approver_id))
        CX_TRY(access_same_person(tx, tenant_id, requester_id, approver_id, &same));
    CX_TRY(link_enrolled_by(tx, tenant_id, approver_id, requester_id, &by_requester));
    CX_TRY(link_enrolled_by(tx, tenant_id, requester_id, approver_id, &by_approver));
    *ret_tie = same           ? ACCESS_TIE_SAME_PERSON
               : by_requester ? ACCESS_TIE_BY_REQUESTER
               : by_approver  ? ACCESS_TIE_TO_REQUESTER
                              : ACCESS_TIE_NONE;
    return CX_OK;
}
