#include "core/issuance/certificate_store.h"
#include "core/core.h"
#include "core/field.h"
#include "core/protect/protect.h"
#include "pki/name.h"

static cx_err digest_of(const struct store_stmt *q, int column, uint8_t ret_digest[static 32])
{
    struct cx_bytes digest = store_col_bytes(q, column);
    if (digest.len != 32)
        return CX_ERR(STORE);
    memcpy(ret_digest, digest.ptr, 32);
    return CX_OK;
}

cx_err certificate_row_of(const struct store_stmt *q, struct arena *arena,
                          struct certificate_row *ret_certificate)
{
    struct certificate_row row = {
        .certificate_id = store_col_id(q, 0),
        .issuer_id = store_col_id(q, 1),
        .shard = (uint32_t)store_col_int(q, 3),
        .profile_version = (uint32_t)store_col_int(q, 5),
        .not_before_us = store_col_int(q, 9),
        .not_after_us = store_col_int(q, 10),
        .issued_us = store_col_int(q, 11),
        .requester_id = store_col_id(q, 12),
        .request_id = store_col_id(q, 13),
        .replaces_id = store_col_id(q, 14),
        .replaced_by_id = store_col_id(q, 15),
        .revoked_us = store_col_int(q, 16),
        .revoke_reason = (uint8_t)store_col_int(q, 17),
        .group_id = store_col_id(q, 18),
    };
    CX_TRY(arena_copy(arena, store_col_bytes(q, 2), &row.serial));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.profile_name));
    CX_TRY(pki_key_type_from_name(store_col_text(q, 6), &row.key_type));
    CX_TRY(digest_of(q, 7, row.sha256));
    CX_TRY(digest_of(q, 8, row.spki_sha256));
    *ret_certificate = row;
    return CX_OK;
}

cx_err certificate_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                        struct arena *arena, struct certificate_row *ret_certificate)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " CERTIFICATE_COLUMNS " FROM certificate c "
                         "WHERE c.tenant_id = $1 AND c.certificate_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    CX_TRY(store_step(q, &row));
    return row ? certificate_row_of(q, arena, ret_certificate) : CX_ERR(NOTFOUND);
}

cx_err certificate_find_sha256(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes sha256,
                               struct arena *arena, struct certificate_row *ret_certificate)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " CERTIFICATE_COLUMNS " FROM certificate c "
                         "WHERE c.tenant_id = $1 AND c.sha256 = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, sha256);
    CX_TRY(store_step(q, &row));
    return row ? certificate_row_of(q, arena, ret_certificate) : CX_ERR(NOTFOUND);
}

cx_err certificate_find_serial(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                               struct cx_bytes serial, struct arena *arena,
                               struct certificate_row *ret_certificate)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " CERTIFICATE_COLUMNS " FROM certificate c "
                         "WHERE c.tenant_id = $1 AND c.issuer_id = $2 AND c.serial = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_bytes(q, 3, serial);
    CX_TRY(store_step(q, &row));
    return row ? certificate_row_of(q, arena, ret_certificate) : CX_ERR(NOTFOUND);
}

cx_err certificate_names_read(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id certificate_id, struct arena *arena,
                              struct cx_str *texts, size_t *ret_count, bool *ret_others)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    *ret_others = false;
    CX_TRY(store_prepare(tx,
                         "SELECT value FROM certificate_name "
                         "WHERE tenant_id = $1 AND certificate_id = $2 ORDER BY position",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    for (bool row = false;;) {
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct cx_str value = store_col_text(q, 0);
        if (value.len == 0) {
            *ret_others = true;
            continue;
        }
        if (count == PKI_NAMES_MAX)
            return CX_ERR(STORE);
        CX_TRY(arena_copy_str(arena, value, &texts[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err certificate_body_find(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id, struct arena *arena,
                             struct cx_sealed *ret_der)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT der FROM certificate_body WHERE tenant_id = $1 AND certificate_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    CX_TRY(store_step(q, &row));
    return row ? arena_copy(arena, store_col_sealed(q, 0).envelope, &ret_der->envelope)
               : CX_ERR(NOTFOUND);
}

cx_err certificate_find_by_key(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                               struct cx_bytes spki_sha256, struct arena *arena,
                               struct certificate_row *ret_certificate)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " CERTIFICATE_COLUMNS " FROM certificate c "
                         "WHERE c.tenant_id = $1 AND c.spki_sha256 = $2 AND c.issuer_id = $3 "
                         "AND c.revoked_us IS NULL ORDER BY c.not_after_us DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, spki_sha256);
    store_bind_id(q, 3, issuer_id);
    CX_TRY(store_step(q, &row));
    return row ? certificate_row_of(q, arena, ret_certificate) : CX_ERR(NOTFOUND);
}

cx_err certificate_key_is_revoked(struct store_tx *tx, struct cx_id tenant_id,
                                  struct cx_id issuer_id, struct cx_bytes spki_sha256)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM certificate WHERE tenant_id = $1 AND spki_sha256 = $2 "
                         "AND issuer_id = $3 AND revoked_us IS NOT NULL LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, spki_sha256);
    store_bind_id(q, 3, issuer_id);
    CX_TRY(store_step(q, &row));
    return row ? CX_OK : CX_ERR(NOTFOUND);
}

cx_err certificate_set_replaced(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id certificate_id, struct cx_id replaced_by_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE certificate SET replaced_by_id = $3 "
                         "WHERE tenant_id = $1 AND certificate_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    store_bind_id(q, 3, replaced_by_id);
    return store_exec(q);
}

/* Adds every domain above dns: "a.b.example.org" lies below b.example.org, example.org and org. */
static void add_zones(struct cx_str dns, struct cx_str *zones, size_t *count)
{
    struct cx_str rest = dns;
    for (;;) {
        const char *dot = memchr(rest.ptr, '.', rest.len);
        bool known = false;
        if (!dot)
            return;
        rest = (struct cx_str){dot + 1, rest.len - (size_t)(dot + 1 - rest.ptr)};
        for (size_t i = 0; i < *count && !known; i++)
            known = cx_str_eq(zones[i], rest);
        if (!known && *count < CERTIFICATE_ZONES_MAX)
            zones[(*count)++] = rest;
    }
}

static cx_err fill_name(struct core *core, const struct pki_name *name, struct arena *arena,
                        struct row_certificate_name *row)
{
    uint8_t token[PROTECT_INDEX_LEN];
    if (name->kind == PKI_NAME_DNS || name->kind == PKI_NAME_IP)
        return pki_name_to_text(arena, name, &row->value);
    /* E-mail and URI names are personal data: searchable only by who knows the whole name. */
    CX_TRY(protect_index(core->protect, row->tenant_id, "certificate_name", "value", name->value,
                         token));
    CX_TRY(arena_copy(arena, CX_BYTES(token, sizeof(token)), &row->name_index));
    row->has_name_index = true;
    row->value = CX_STR("");
    return CX_OK;
}

cx_err certificate_names_prepare(struct core *core, struct cx_id tenant_id,
                                 struct cx_id certificate_id, cx_time issued_us,
                                 const struct pki_name *names, size_t name_count,
                                 struct arena *arena, struct certificate_names *ret_names)
{
    struct certificate_names out = {.name_count = name_count};
    CX_TRY(ARENA_NEW_ARRAY(arena, name_count, &out.names));
    CX_TRY(ARENA_NEW_ARRAY(arena, CERTIFICATE_ZONES_MAX, &out.zones));
    for (size_t i = 0; i < name_count; i++) {
        struct row_certificate_name *row = &out.names[i];
        row->tenant_id = tenant_id;
        row->certificate_id = certificate_id;
        row->position = (int64_t)i;
        row->kind = cx_str_from(pki_name_kind_name(names[i].kind));
        row->issued_us = issued_us;
        CX_TRY(fill_name(core, &names[i], arena, row));
        if (names[i].kind == PKI_NAME_DNS)
            add_zones(row->value, out.zones, &out.zone_count);
    }
    *ret_names = out;
    return CX_OK;
}

cx_err certificate_names_insert(struct store_tx *tx, const struct certificate_names *names)
{
    for (size_t i = 0; i < names->name_count; i++)
        CX_TRY(row_certificate_name_insert(tx, &names->names[i]));
    for (size_t i = 0; i < names->zone_count; i++) {
        struct row_certificate_zone row = {
            .tenant_id = names->names[0].tenant_id,
            .zone = names->zones[i],
            .issued_us = names->names[0].issued_us,
            .certificate_id = names->names[0].certificate_id,
        };
        CX_TRY(row_certificate_zone_insert(tx, &row));
    }
    return CX_OK;
}

cx_err certificate_tags_copy(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                             struct cx_id certificate_id, cx_time issued_us)
{
    /* Not INSERT … SELECT: SQLite makes a temporary table for it, even where there is nothing to copy. */
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT name, value FROM request_tag WHERE tenant_id = $1 AND request_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    for (;;) {
        bool there = false;
        CX_TRY(store_step(q, &there));
        if (!there)
            return CX_OK;
        const struct row_certificate_tag row = {
            .tenant_id = tenant_id,
            .certificate_id = certificate_id,
            .name = store_col_text(q, 0),
            .value = store_col_text(q, 1),
            .issued_us = issued_us,
        };
        CX_TRY(row_certificate_tag_insert(tx, &row));
    }
}

static cx_err note_placed(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE certificate SET placed_us = $3 WHERE tenant_id = $1 AND certificate_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err certificate_set_group(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id, struct cx_id group_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE certificate SET group_id = $3 WHERE tenant_id = $1 AND certificate_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    if (cx_id_is_zero(group_id))
        store_bind_null(q, 3);
    else
        store_bind_id(q, 3, group_id);
    CX_TRY(store_exec(q));
    return note_placed(tx, tenant_id, certificate_id, now_us);
}

cx_err certificate_set_tags(struct store_tx *tx, struct cx_id tenant_id,
                            const struct certificate_row *certificate,
                            const struct access_tag *tags, size_t count, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "DELETE FROM certificate_tag WHERE tenant_id = $1 AND certificate_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate->certificate_id);
    CX_TRY(store_exec(q));
    for (size_t i = 0; i < count; i++) {
        struct row_certificate_tag row = {.tenant_id = tenant_id,
                                          .certificate_id = certificate->certificate_id,
                                          .name = tags[i].name,
                                          .value = tags[i].value,
                                          .issued_us = certificate->issued_us};
        CX_TRY(row_certificate_tag_insert(tx, &row));
    }
    return note_placed(tx, tenant_id, certificate->certificate_id, now_us);
}

struct body_read {
    struct cx_id tenant_id, certificate_id;
    struct arena *arena;
    struct cx_sealed der;
};

static cx_err read_body(struct store_tx *tx, void *arg)
{
    struct body_read *read = arg;
    return certificate_body_find(tx, read->tenant_id, read->certificate_id, read->arena,
                                 &read->der);
}

cx_err certificate_der(struct core *core, struct cx_id tenant_id, struct cx_id certificate_id,
                       struct arena *arena, struct cx_bytes *ret_der)
{
    struct body_read read = {
        .tenant_id = tenant_id, .certificate_id = certificate_id, .arena = arena};
    struct field_place place = {tenant_id, "certificate_body", "der", certificate_id};
    CX_TRY(store_read(core->store, read_body, &read));
    return field_open(core, place, read.der, arena, ret_der);
}
