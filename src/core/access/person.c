#include "core/access/person.h"

/* down: the groups that own the account $2, with all below them. people: who is behind it. up: the groups they are in, with
 * all above them. Ended rows count when $3 is 1. */
#define SAME_PERSON                                                                                \
    "WITH RECURSIVE down (group_id) AS (SELECT o.group_id FROM service_owner o "                   \
    "WHERE o.tenant_id = $1 AND o.user_id = $2 AND o.group_id IS NOT NULL "                        \
    "AND (o.ended_us IS NULL OR $3 = 1) UNION SELECT n.child_id FROM group_nesting n "             \
    "JOIN down d ON n.parent_id = d.group_id WHERE n.tenant_id = $1 "                              \
    "AND (n.ended_us IS NULL OR $3 = 1)), "                                                        \
    "people (user_id) AS (SELECT user_id FROM tenant_user WHERE tenant_id = $1 AND user_id = $2 "  \
    "UNION SELECT o.owner_id FROM service_owner o WHERE o.tenant_id = $1 AND o.user_id = $2 "      \
    "AND o.owner_id IS NOT NULL AND (o.ended_us IS NULL OR $3 = 1) "                               \
    "UNION SELECT m.user_id FROM group_member m JOIN down d ON d.group_id = m.group_id "           \
    "WHERE m.tenant_id = $1 AND (m.ended_us IS NULL OR $3 = 1)), "                                 \
    "up (group_id) AS (SELECT m.group_id FROM group_member m JOIN people p "                       \
    "ON p.user_id = m.user_id WHERE m.tenant_id = $1 AND (m.ended_us IS NULL OR $3 = 1) "          \
    "UNION SELECT n.parent_id FROM group_nesting n JOIN up u ON n.child_id = u.group_id "          \
    "WHERE n.tenant_id = $1 AND (n.ended_us IS NULL OR $3 = 1)) "                                  \
    "SELECT user_id FROM people UNION SELECT o.user_id FROM service_owner o "                      \
    "WHERE o.tenant_id = $1 AND (o.ended_us IS NULL OR $3 = 1) "                                   \
    "AND (o.owner_id IN (SELECT user_id FROM people) "                                             \
    "OR o.group_id IN (SELECT group_id FROM up))"

cx_err access_accounts_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          bool past, struct arena *arena, struct cx_id **ret_ids, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct cx_id *ids = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ACCESS_ACCOUNTS_MAX, &ids));
    CX_TRY(store_prepare(tx, SAME_PERSON, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, past);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == ACCESS_ACCOUNTS_MAX)
            return CX_ERR(LIMIT);
        ids[count++] = store_col_id(q, 0);
    }
    *ret_ids = ids;
    *ret_count = count;
    return CX_OK;
}

cx_err access_same_person(struct store_tx *tx, struct cx_id tenant_id, struct cx_id one,
                          struct cx_id other, bool *ret_same)
{
    struct store_stmt *q = NULL;
    bool known = !cx_id_is_zero(one) && !cx_id_is_zero(other);
    *ret_same = known && cx_id_eq(one, other);
    if (!known || *ret_same)
        return CX_OK;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM (" SAME_PERSON ") x WHERE x.user_id = $4 LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, one);
    store_bind_int(q, 3, 1);
    store_bind_id(q, 4, other);
    return store_step(q, ret_same);
}

cx_err access_is_among(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       const struct cx_id *ids, size_t count, struct arena *arena, bool *ret_is)
{
    struct cx_id *mine = NULL;
    size_t mine_count = 0;
    bool is = false;
    CX_TRY(access_accounts_of(tx, tenant_id, user_id, true, arena, &mine, &mine_count));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < mine_count && !is; j++)
            is = cx_id_eq(ids[i], mine[j]);
    *ret_is = is;
    return CX_OK;
}
