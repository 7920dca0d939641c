#include "core/access/place.h"

static cx_err read_place(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                         struct cx_id object_id, struct access_place_read *read)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, object_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    read->group_id = store_col_id(q, 0);
    read->placed_us = store_col_int(q, 1);
    return CX_OK;
}

static cx_err read_tags(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                        struct cx_id object_id, struct arena *arena, struct access_place_read *read)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, object_id);
    while (read->tag_count < ACCESS_TAGS_MAX) {
        bool row = false;
        struct access_tag *tag = &read->tags[read->tag_count];
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &tag->name));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &tag->value));
        read->tag_count++;
    }
    return CX_OK;
}

cx_err access_place_of_request(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                               struct arena *arena, struct access_place_read *ret_read)
{
    *ret_read = (struct access_place_read){0};
    CX_TRY(read_place(tx,
                      "SELECT group_id, 0 FROM request WHERE tenant_id = $1 AND request_id = $2",
                      tenant_id, request_id, ret_read));
    return read_tags(tx,
                     "SELECT name, value FROM request_tag WHERE tenant_id = $1 AND request_id = $2 "
                     "ORDER BY name",
                     tenant_id, request_id, arena, ret_read);
}

cx_err access_place_of_certificate(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id certificate_id, struct arena *arena,
                                   struct access_place_read *ret_read)
{
    *ret_read = (struct access_place_read){0};
    CX_TRY(read_place(tx,
                      "SELECT group_id, placed_us FROM certificate WHERE tenant_id = $1 "
                      "AND certificate_id = $2",
                      tenant_id, certificate_id, ret_read));
    return read_tags(tx,
                     "SELECT name, value FROM certificate_tag WHERE tenant_id = $1 "
                     "AND certificate_id = $2 ORDER BY name",
                     tenant_id, certificate_id, arena, ret_read);
}

struct access_place access_place_view(const struct access_place_read *read)
{
    return (struct access_place){.groups = &read->group_id,
                                 .group_count = !cx_id_is_zero(read->group_id),
                                 .tags = read->tags,
                                 .tag_count = read->tag_count};
}

/* A right everywhere reaches wherever the object lies: that is not looked up then. */
static bool is_everywhere(const struct principal *principal, enum permission permission)
{
    return access_may(principal, permission, NULL);
}

cx_err access_check_request(struct store_tx *tx, const struct principal *principal,
                            enum permission permission, struct cx_id request_id,
                            const struct access_object *duties, struct arena *arena,
                            struct cx_diag *diag)
{
    struct access_object object = *duties;
    struct access_place_read read;
    if (!is_everywhere(principal, permission)) {
        CX_TRY(access_place_of_request(tx, principal->tenant_id, request_id, arena, &read));
        object.place = access_place_view(&read);
    }
    return authorise(principal, permission, &object, diag);
}

cx_err access_check_certificate(struct store_tx *tx, const struct principal *principal,
                                enum permission permission, struct cx_id certificate_id,
                                struct arena *arena, struct cx_diag *diag)
{
    struct access_object object = {0};
    struct access_place_read read;
    if (is_everywhere(principal, permission))
        return CX_OK;
    CX_TRY(access_place_of_certificate(tx, principal->tenant_id, certificate_id, arena, &read));
    object.place = access_place_view(&read);
    return authorise(principal, permission, &object, diag);
}
