#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/authorization_row.h"

static cx_err read_authorizations(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                                  struct acme_order *order)
{
    struct store_stmt *q = NULL;
    struct acme_authorization *list = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ACME_IDENTIFIERS_MAX, &list));
    CX_TRY(store_prepare(tx,
                         "SELECT " ACME_AUTHORIZATION_COLUMNS " FROM acme_order_authorization o "
                         "JOIN acme_authorization a ON a.tenant_id = o.tenant_id "
                         "AND a.authorization_id = o.authorization_id "
                         "WHERE o.tenant_id = $1 AND o.order_id = $2 ORDER BY o.position",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, order->order_id);
    for (bool row = false;; count++) {
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == ACME_IDENTIFIERS_MAX)
            return CX_ERR(STORE);
        CX_TRY(acme_authorization_of(q, arena, &list[count]));
    }
    order->authorizations = list;
    order->authorization_count = count;
    return CX_OK;
}

cx_err acme_order_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                       struct cx_id order_id, struct arena *arena, struct acme_order *ret_order)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT o.profile_name, o.replaces_id, o.request_id, o.created_us, o.expires_us, "
        "r.state, r.result_id, r.failure_rule, c.serial FROM acme_order o LEFT JOIN request r "
        "ON r.tenant_id = o.tenant_id AND r.request_id = o.request_id "
        "LEFT JOIN certificate c ON c.tenant_id = o.tenant_id AND c.certificate_id = o.replaces_id "
        "WHERE o.tenant_id = $1 AND o.order_id = $2 AND o.account_id = $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, order_id);
    store_bind_id(q, 3, account_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    struct acme_order order = {.order_id = order_id,
                               .account_id = account_id,
                               .created_us = store_col_int(q, 3),
                               .expires_us = store_col_int(q, 4)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &order.profile_name));
    order.replaces_id = store_col_id(q, 1); /* NULL reads as the zero id */
    order.request_id = store_col_id(q, 2);
    CX_TRY(arena_copy(arena, store_col_bytes(q, 8), &order.replaces_serial));
    if (!cx_id_is_zero(order.request_id)) {
        CX_TRY(request_state_from_name(store_col_text(q, 5), &order.request_state));
        order.certificate_id = store_col_id(q, 6);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &order.failure_rule));
    }
    CX_TRY(read_authorizations(tx, tenant_id, arena, &order));
    *ret_order = order;
    return CX_OK;
}

cx_err acme_order_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                       const struct page_key *after, size_t limit, struct page_key *keys,
                       size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT created_us, order_id FROM acme_order "
                         "WHERE tenant_id = $1 AND account_id = $2 "
                         "AND (created_us, order_id) < ($3, $4) "
                         "ORDER BY created_us DESC, order_id DESC LIMIT $5",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_int(q, 3, after->time_us);
    store_bind_id(q, 4, after->id);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        keys[count++] = (struct page_key){store_col_int(q, 0), store_col_id(q, 1)};
    }
    *ret_count = count;
    return CX_OK;
}

cx_err acme_order_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id order_id,
                        struct cx_id request_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE acme_order SET request_id = $3 "
                         "WHERE tenant_id = $1 AND order_id = $2 AND request_id IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, order_id);
    store_bind_id(q, 3, request_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err acme_order_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                          struct cx_id *ret_account_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT account_id FROM acme_order WHERE tenant_id = $1 AND request_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    CX_TRY(store_step(q, &row));
    *ret_account_id = row ? store_col_id(q, 0) : (struct cx_id){{0}};
    return CX_OK;
}

cx_err acme_order_nth(struct store_tx *tx, struct cx_id tenant_id, struct cx_id account_id,
                      int64_t nth, cx_time *ret_created_us)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT created_us FROM acme_order "
                         "WHERE tenant_id = $1 AND account_id = $2 "
                         "ORDER BY created_us DESC, order_id DESC LIMIT 1 OFFSET $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, account_id);
    store_bind_int(q, 3, nth - 1);
    CX_TRY(store_step(q, &row));
    *ret_created_us = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err acme_name_nth(struct store_tx *tx, struct cx_id tenant_id, struct cx_str value, int64_t nth,
                     cx_time *ret_issued_us)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT issued_us FROM certificate_name "
                         "WHERE tenant_id = $1 AND value = $2 AND value <> '' "
                         "ORDER BY issued_us DESC, certificate_id DESC LIMIT 1 OFFSET $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, value);
    store_bind_int(q, 3, nth - 1);
    CX_TRY(store_step(q, &row));
    *ret_issued_us = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}
