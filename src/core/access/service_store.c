#include "core/access/service_store.h"
#include "core/access/freeze.h"

#include "base/log.h"
#include "core/access/group_store.h"
#include "core/access/person.h"
#include "core/access/state_store.h"
#include "core/change/change.h"
#include "core/client_certificate/client_certificate_store.h"
#include "core/core.h"
#include "store/rows.h"

#define SERVICE_SELECT                                                                             \
    "SELECT s.user_id, s.purpose, s.created_us, s.last_used_us, o.owner_id, o.group_id, "          \
    "o.since_us FROM service_account s JOIN service_owner o ON o.tenant_id = s.tenant_id "         \
    "AND o.user_id = s.user_id AND o.ended_us IS NULL WHERE s.tenant_id = $1 "

static cx_err service_of(const struct store_stmt *q, struct arena *arena,
                         struct service_row *ret_service)
{
    struct service_row service = {.user_id = store_col_id(q, 0),
                                  .created_us = store_col_int(q, 2),
                                  .last_used_us = store_col_int(q, 3),
                                  .owner_id = store_col_id(q, 4),
                                  .group_id = store_col_id(q, 5),
                                  .since_us = store_col_int(q, 6)};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 1).envelope, &service.purpose.envelope));
    *ret_service = service;
    return CX_OK;
}

cx_err service_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                    struct arena *arena, struct service_row *ret_service)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, SERVICE_SELECT "AND s.user_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    return row ? service_of(q, arena, ret_service) : CX_ERR(NOTFOUND);
}

/* Groups that the person $5 is in, upwards. */
#define OWN_GROUPS                                                                                 \
    "WITH RECURSIVE up (group_id) AS (SELECT m.group_id FROM group_member m "                      \
    "WHERE m.tenant_id = $1 AND m.user_id = $5 AND m.ended_us IS NULL "                            \
    "UNION SELECT n.parent_id FROM group_nesting n JOIN up u ON n.child_id = u.group_id "          \
    "WHERE n.tenant_id = $1 AND n.ended_us IS NULL) "
#define PAGE_ORDER                                                                                 \
    "AND (s.created_us, s.user_id) < ($2, $3) ORDER BY s.created_us DESC, s.user_id DESC LIMIT $4"

cx_err service_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id person_id,
                    const struct page_key *after, size_t limit, struct arena *arena,
                    struct service_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    bool all = cx_id_is_zero(person_id);
    CX_TRY(store_prepare(
        tx,
        all ? SERVICE_SELECT PAGE_ORDER
            : OWN_GROUPS SERVICE_SELECT
            "AND (o.owner_id = $5 OR o.group_id IN (SELECT group_id FROM up)) " PAGE_ORDER,
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    if (!all)
        store_bind_id(q, 5, person_id);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(service_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err service_people(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                      struct arena *arena, struct cx_id **ret_people, size_t *ret_count)
{
    struct service_row service;
    struct cx_id *people = NULL;
    CX_TRY(service_find(tx, tenant_id, user_id, arena, &service));
    if (cx_id_is_zero(service.owner_id))
        return access_people_of(tx, tenant_id, service.group_id, arena, ret_people, ret_count);
    CX_TRY(ARENA_NEW_ARRAY(arena, 1, &people));
    people[0] = service.owner_id;
    *ret_people = people;
    *ret_count = 1;
    return CX_OK;
}

/* The people of the account $2, as user_id of p: its owner, and those of the owning group and below it. */
#define OWNING_PEOPLE                                                                              \
    "WITH RECURSIVE down (group_id) AS (SELECT o.group_id FROM service_owner o "                   \
    "WHERE o.tenant_id = $1 AND o.user_id = $2 AND o.ended_us IS NULL "                            \
    "AND o.group_id IS NOT NULL UNION SELECT n.child_id FROM group_nesting n "                     \
    "JOIN down d ON n.parent_id = d.group_id WHERE n.tenant_id = $1 AND n.ended_us IS NULL) "      \
    "SELECT 1 FROM tenant_user p WHERE p.tenant_id = $1 AND p.state = 'active' "                   \
    "AND p.kind = 'person' AND (p.user_id IN (SELECT o.owner_id FROM service_owner o "             \
    "WHERE o.tenant_id = $1 AND o.user_id = $2 AND o.ended_us IS NULL "                            \
    "AND o.owner_id IS NOT NULL) OR p.user_id IN (SELECT m.user_id FROM group_member m "           \
    "JOIN down d ON d.group_id = m.group_id WHERE m.tenant_id = $1 AND m.ended_us IS NULL)) "

cx_err service_is_owned_by(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct cx_id person_id, bool *ret_owned)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, OWNING_PEOPLE "AND p.user_id = $3 LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_id(q, 3, person_id);
    return store_step(q, ret_owned);
}

cx_err user_is_service(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       bool *ret_service)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM service_account WHERE tenant_id = $1 AND user_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    return store_step(q, ret_service);
}

cx_err user_is_usable(struct store_tx *tx, struct cx_id tenant_id, const struct user_row *user,
                      bool *ret_usable)
{
    struct store_stmt *q = NULL;
    bool frozen = false;
    *ret_usable = false;
    if (user->state != USER_ACTIVE)
        return CX_OK;
    CX_TRY(access_is_frozen(tx, tenant_id, user->user_id, &frozen));
    *ret_usable = !frozen;
    if (frozen || !user->service)
        return CX_OK;
    CX_TRY(store_prepare(tx, OWNING_PEOPLE "LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user->user_id);
    return store_step(q, ret_usable);
}

static cx_err check_owner(struct store_tx *tx, const struct service_gift *gift, struct arena *arena,
                          struct cx_diag *diag)
{
    struct user_row owner;
    struct group_row group;
    bool person = !cx_id_is_zero(gift->owner_id);
    cx_err err = person ? user_find(tx, gift->tenant_id, gift->owner_id, arena, &owner)
                        : group_find(tx, gift->tenant_id, gift->group_id, arena, &group);
    if (err.code == CX_E_NOTFOUND)
        return person ? cx_refuse(diag, CX_ERR(POLICY), "owner_id", "user-unknown",
                                  "There is no such user.")
                      : cx_refuse(diag, CX_ERR(POLICY), "group_id", "group-unknown",
                                  "There is no such group.");
    CX_TRY(err);
    if (person && (owner.service || owner.state != USER_ACTIVE))
        return cx_refuse(diag, CX_ERR(POLICY), "owner_id", "owner-inactive",
                         "The owner of a service account is an active person.");
    return CX_OK;
}

static cx_err end_owner(struct store_tx *tx, const struct service_gift *gift)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE service_owner SET ended_us = $3 WHERE tenant_id = $1 "
                         "AND user_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, gift->tenant_id);
    store_bind_id(q, 2, gift->user_id);
    store_bind_int(q, 3, gift->now_us);
    return store_exec(q);
}

cx_err service_give(struct store_tx *tx, const struct service_gift *gift, struct arena *arena,
                    struct cx_diag *diag)
{
    const struct row_service_owner row = {.tenant_id = gift->tenant_id,
                                          .user_id = gift->user_id,
                                          .since_us = gift->now_us,
                                          .has_owner_id = !cx_id_is_zero(gift->owner_id),
                                          .owner_id = gift->owner_id,
                                          .has_group_id = !cx_id_is_zero(gift->group_id),
                                          .group_id = gift->group_id,
                                          .given_by_id = gift->by};
    CX_TRY(check_owner(tx, gift, arena, diag));
    CX_TRY(end_owner(tx, gift));
    CX_TRY(token_revoke_all(tx, gift->tenant_id, gift->user_id, gift->now_us));
    CX_TRY(client_binding_remove_all(tx, gift->tenant_id, gift->user_id, gift->by, gift->now_us));
    CX_TRY(row_service_owner_insert(tx, &row));
    return change_note_id(tx, gift->tenant_id, CHANGE_SERVICE_OWNER, gift->user_id);
}

cx_err service_end_owned(struct store_tx *tx, struct cx_id tenant_id, struct cx_id owner_id,
                         struct arena *arena, cx_time now_us)
{
    struct store_stmt *q = NULL;
    struct cx_id *ids = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ACCESS_ACCOUNTS_MAX, &ids));
    CX_TRY(store_prepare(tx,
                         "SELECT o.user_id FROM service_owner o JOIN tenant_user u "
                         "ON u.tenant_id = o.tenant_id AND u.user_id = o.user_id "
                         "WHERE o.tenant_id = $1 AND o.owner_id = $2 AND o.ended_us IS NULL "
                         "AND u.state = 'active'",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, owner_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == ACCESS_ACCOUNTS_MAX)
            return CX_ERR(LIMIT);
        ids[count++] = store_col_id(q, 0);
    }
    for (size_t i = 0; i < count; i++) {
        CX_TRY(user_set_state(tx, tenant_id, ids[i], USER_ACTIVE, USER_DISABLED, now_us));
        CX_TRY(token_revoke_all(tx, tenant_id, ids[i], now_us));
        CX_TRY(client_binding_remove_all(tx, tenant_id, ids[i], (struct cx_id){{0}}, now_us));
    }
    return CX_OK;
}

cx_err service_touch(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE service_account SET last_used_us = $3 WHERE tenant_id = $1 "
                         "AND user_id = $2 AND (last_used_us IS NULL OR last_used_us < $4)",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, now_us - SERVICE_TOUCH_S * CX_US_PER_S);
    return store_exec(q);
}

struct touch {
    struct cx_id tenant_id, user_id;
    cx_time now_us;
};

static cx_err write_touch(struct store_tx *tx, void *arg)
{
    const struct touch *touch = arg;
    return service_touch(tx, touch->tenant_id, touch->user_id, touch->now_us);
}

void service_note_use(struct core *core, struct cx_id tenant_id, struct cx_id user_id,
                      cx_time last_used_us, cx_time now_us)
{
    struct touch touch = {tenant_id, user_id, now_us};
    if (now_us < last_used_us + SERVICE_TOUCH_S * CX_US_PER_S)
        return;
    cx_err err = store_write(core->store, write_touch, &touch);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "use of a service account not noted", NULL);
}
