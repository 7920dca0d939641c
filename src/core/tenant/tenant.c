#include "core/tenant/tenant.h"
#include "base/cleanup.h"
#include "core/access/binding_store.h"
#include "core/access/credential.h"
#include "core/audit/audit.h"
#include "core/change/change.h"
#include "core/core.h"
#include "core/field.h"
#include "core/protect/protect.h"
#include "core/tenant/profile_approval.h"
#include "core/tenant/tenant_store.h"
#include "crypto/key.h"
#include "pki/certificate.h"
#include "store/rows.h"

enum { TENANT_ARENA_MAX = 16 * 1024 * 1024 }; /* the approval rules that may hold are most of it */

/* [a-z0-9-]{1,64}: names appear in commands and file names. */
static cx_err check_name(struct cx_str name, struct cx_diag *diag)
{
    bool fits = name.len >= 1 && name.len <= TENANT_NAME_MAX;
    for (size_t i = 0; fits && i < name.len; i++) {
        char c = name.ptr[i];
        fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (fits)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), "name", "name-form",
                     "A name has 1 to 64 of the characters a-z, 0-9 and '-'.");
}

struct tenant_insert {
    const struct row_tenant *tenant;
    const struct row_data_key *key;
    bool taken;
};

static cx_err find_by_name(struct store_tx *tx, struct cx_str name, struct cx_id *ret_tenant_id)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT tenant_id FROM tenant WHERE name = $1", &q));
    store_bind_text(q, 1, name);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_tenant_id = store_col_id(q, 0);
    return CX_OK;
}

static cx_err write_tenant(struct store_tx *tx, void *arg)
{
    struct tenant_insert *insert = arg;
    struct cx_id other;
    cx_err err = find_by_name(tx, insert->tenant->name, &other);
    insert->taken = cx_is_ok(err);
    if (insert->taken)
        return CX_ERR(CONFLICT);
    if (err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(row_tenant_insert(tx, insert->tenant));
    CX_TRY(change_note_all(tx, insert->tenant->tenant_id, CHANGE_TENANT));
    return row_data_key_insert(tx, insert->key);
}

cx_err tenant_create(struct core *core, struct cx_id tenant_id, struct cx_str name,
                     struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(TENANT_ARENA_MAX);
    cx_time now_us = cx_now(core->clock);
    struct row_tenant tenant = {
        .tenant_id = tenant_id, .name = name, .state = CX_STR("active"), .created_us = now_us};
    struct row_data_key key = {
        .tenant_id = tenant_id, .version = 1, .state = CX_STR("active"), .created_us = now_us};
    struct tenant_insert insert = {&tenant, &key, false};
    struct field_detail details[] = {{"name", name}};
    struct audit_event event = {.action = "system.tenant.create", .tenant_id = tenant_id};
    CX_TRY(check_name(name, diag));
    CX_TRY(protect_tenant_key(core, tenant_id, &arena, &key.wrapped));
    CX_TRY(field_details(&arena, details, 1, &event.details));
    cx_err err = audit_commit(core, &event, write_tenant, &insert);
    if (insert.taken)
        return cx_refuse(diag, err, "name", "tenant-exists", "A tenant with this name exists.");
    return err;
}

struct tenant_by_name {
    struct cx_str name;
    struct cx_id tenant_id;
};

static cx_err read_by_name(struct store_tx *tx, void *arg)
{
    struct tenant_by_name *read = arg;
    return find_by_name(tx, read->name, &read->tenant_id);
}

cx_err tenant_find(struct core *core, struct cx_str name, struct cx_id *ret_tenant_id)
{
    struct tenant_by_name read = {.name = name};
    CX_TRY(store_read(core->store, read_by_name, &read));
    *ret_tenant_id = read.tenant_id;
    return CX_OK;
}

struct tenant_listing {
    struct arena *arena;
    struct tenant_listed *tenants;
    size_t count;
};

static cx_err read_tenants(struct store_tx *tx, void *arg)
{
    struct tenant_listing *listing = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    listing->count = 0; /* a closure may run again */
    CX_TRY(store_prepare(tx, "SELECT tenant_id, name FROM tenant ORDER BY name LIMIT $1", &q));
    store_bind_int(q, 1, TENANTS_LISTED_MAX);
    for (;;) {
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        struct tenant_listed *tenant = &listing->tenants[listing->count++];
        tenant->tenant_id = store_col_id(q, 0);
        CX_TRY(arena_copy_str(listing->arena, store_col_text(q, 1), &tenant->name));
    }
}

cx_err tenant_list(struct core *core, struct arena *arena, struct tenant_listed **ret_tenants,
                   size_t *ret_count)
{
    struct tenant_listing listing = {.arena = arena};
    CX_TRY(ARENA_NEW_ARRAY(arena, TENANTS_LISTED_MAX, &listing.tenants));
    CX_TRY(store_read(core->store, read_tenants, &listing));
    *ret_tenants = listing.tenants;
    *ret_count = listing.count;
    return CX_OK;
}

static cx_err write_issuer(struct store_tx *tx, void *arg)
{
    const struct row_issuer *issuer = arg;
    CX_TRY(row_issuer_insert(tx, issuer));
    CX_TRY(change_note_id(tx, issuer->tenant_id, CHANGE_ISSUER, issuer->issuer_id));
    /* Due at once: every shard of an issuer exists before its first certificate names it. */
    for (int64_t shard = 0; shard < issuer->shard_count; shard++) {
        struct row_crl_shard row = {
            .tenant_id = issuer->tenant_id, .issuer_id = issuer->issuer_id, .shard = shard};
        CX_TRY(row_crl_shard_insert(tx, &row));
    }
    return CX_OK;
}

cx_err tenant_issuer_add(struct core *core, struct cx_id tenant_id,
                         const struct tenant_issuer *issuer, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(TENANT_ARENA_MAX);
    struct pki_certificate certificate;
    enum crypto_key_type key_type = CRYPTO_KEY_COUNT;
    uint32_t shards = issuer->shard_count;
    CX_TRY(check_name(issuer->name, diag));
    if (shards < 1 || shards > PKI_SHARDS_MAX || (shards & (shards - 1)))
        return cx_refuse(diag, CX_ERR(PARSE), "shard_count", "shard-count",
                         "The number of CRL shards is a power of two from 1 to 4096.");
    CX_TRY(pki_certificate_parse(issuer->certificate_der, diag, &certificate));
    CX_TRY(crypto_spki_type(certificate.spki, &key_type));
    struct row_issuer row = {
        .tenant_id = tenant_id,
        .issuer_id = issuer->issuer_id,
        .name = issuer->name,
        .state = CX_STR("active"),
        .key_type = cx_str_from(crypto_key_type_name(key_type)),
        .certificate = issuer->certificate_der,
        .chain = issuer->chain_der,
        .has_parent_id = !cx_id_is_zero(issuer->parent_id),
        .parent_id = issuer->parent_id,
        .shard_count = shards,
        .status_url = issuer->status_url,
        .not_after_us = certificate.not_after_us,
        .created_us = cx_now(core->clock),
    };
    struct field_detail details[] = {{"name", issuer->name}};
    struct audit_event event = {.action = "system.issuer.add",
                                .tenant_id = tenant_id,
                                .object_type = CX_ID_ISSUER,
                                .object_id = issuer->issuer_id};
    CX_TRY(field_details(&arena, details, 1, &event.details));
    cx_err err = audit_commit(core, &event, write_issuer, &row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "name", "issuer-exists",
                         "An issuer with this name or id exists.");
    return err;
}

cx_err tenant_profile_number(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             int64_t *ret_newest)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT MAX(version) FROM profile_version WHERE tenant_id = $1 AND name = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    CX_TRY(store_step(q, &row));
    *ret_newest = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

struct newest_read {
    struct cx_id tenant_id;
    struct cx_str name;
    int64_t version;
};

static cx_err read_newest(struct store_tx *tx, void *arg)
{
    struct newest_read *read = arg;
    return tenant_profile_number(tx, read->tenant_id, read->name, &read->version);
}

cx_err tenant_profile_write(struct store_tx *tx, const struct row_profile_version *row,
                            int64_t *ret_newest)
{
    CX_TRY(tenant_profile_number(tx, row->tenant_id, row->name, ret_newest));
    if (row->version != *ret_newest + 1)
        return CX_ERR(CONFLICT);
    CX_TRY(row_profile_version_insert(tx, row));
    return change_note_text(tx, row->tenant_id, CHANGE_PROFILE, row->name);
}

struct profile_insert {
    const struct row_profile_version *row;
    struct profile_terms terms;
    struct arena *arena;
    struct cx_diag *diag;
    int64_t newest;
};

static cx_err write_profile(struct store_tx *tx, void *arg)
{
    struct profile_insert *insert = arg;
    struct cx_id proposal_id;
    CX_TRY(tenant_profile_write(tx, insert->row, &insert->newest));
    CX_TRY(profile_approval_find(tx, &insert->terms, insert->arena, insert->diag, &proposal_id));
    return profile_approval_use(tx, &insert->terms, proposal_id);
}

static cx_err read_approval(struct store_tx *tx, void *arg)
{
    struct profile_insert *insert = arg;
    struct cx_id proposal_id;
    return profile_approval_find(tx, &insert->terms, insert->arena, insert->diag, &proposal_id);
}

cx_err tenant_profile_check(struct core *core, struct cx_id tenant_id,
                            const struct tenant_profile *add, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(TENANT_ARENA_MAX);
    struct profile_insert check = {.arena = &arena, .diag = diag};
    struct pki_profile profile;
    CX_TRY(pki_profile_parse(&arena, add->yaml, diag, &profile));
    CX_TRY(profile_terms_of(tenant_id, &profile, add->yaml, add->effective_us, cx_now(core->clock),
                            &check.terms));
    return store_read(core->store, read_approval, &check);
}

cx_err tenant_profile_add(struct core *core, struct cx_id tenant_id,
                          const struct tenant_profile *add, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(TENANT_ARENA_MAX);
    struct pki_profile profile;
    struct cx_str text = CX_STR_NONE, version = CX_STR_NONE;
    char effective[CX_TIME_TEXT_MAX] = "";
    CX_TRY(pki_profile_parse(&arena, add->yaml, diag, &profile));
    CX_TRY(cx_str_view(add->yaml, &text));
    CX_TRY(arena_printf(&arena, &version, "%u", profile.version));
    if (add->effective_us)
        CX_TRY(cx_time_format(add->effective_us, effective));
    struct row_profile_version row = {
        .tenant_id = tenant_id,
        .name = profile.name,
        .version = profile.version,
        .state = CX_STR("active"),
        .content = text,
        .created_us = cx_now(core->clock),
        .effective_us = add->effective_us,
    };
    struct profile_insert insert = {.row = &row, .arena = &arena, .diag = diag};
    CX_TRY(profile_terms_of(tenant_id, &profile, add->yaml, add->effective_us, row.created_us,
                            &insert.terms));
    struct field_detail details[] = {
        {"certificate_profile", profile.name},
        {"version", version},
        {"text", text},
        {"effective", add->effective_us ? cx_str_from(effective) : CX_STR_NONE},
        {"reason", add->reason}};
    struct audit_event event = {.action = "system.profile.install", .tenant_id = tenant_id};
    CX_TRY(field_details(&arena, details, 5, &event.details));
    cx_err err = audit_commit(core, &event, write_profile, &insert);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "version", "profile-version",
                         "The next version of this profile is %lld.", (long long)insert.newest + 1);
    return err;
}

cx_err tenant_profile_newest(struct core *core, struct cx_id tenant_id, struct cx_str name,
                             uint32_t *ret_version)
{
    struct newest_read read = {.tenant_id = tenant_id, .name = name};
    CX_TRY(store_read(core->store, read_newest, &read));
    if (!read.version)
        return CX_ERR(NOTFOUND);
    *ret_version = (uint32_t)read.version;
    return CX_OK;
}

struct invitation_insert {
    const struct row_tenant_user *user;
    const struct row_enrolment_link *link;
    struct access_grant_row grants[ACCESS_GRANTS_MAX];
    size_t grant_count;
    struct cx_diag *diag;
};

/* Whether somebody was ever made administrator here. */
static cx_err had_administrator(struct store_tx *tx, struct cx_id tenant_id, bool *ret_had)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "SELECT 1 FROM role_binding WHERE tenant_id = $1 AND role = $2 LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, ACCESS_ADMINISTRATOR);
    return store_step(q, ret_had);
}

static cx_err write_invitation(struct store_tx *tx, void *arg)
{
    const struct invitation_insert *insert = arg;
    bool had = false;
    CX_TRY(had_administrator(tx, insert->user->tenant_id, &had));
    CX_TRY(row_tenant_user_insert(tx, insert->user));
    CX_TRY(change_note_id(tx, insert->user->tenant_id, CHANGE_USER, insert->user->user_id));
    for (size_t i = 0; i < insert->grant_count; i++) {
        struct access_grant_row grant = insert->grants[i];
        if (!had && cx_str_eq(grant.row.role, ACCESS_ADMINISTRATOR)) {
            grant.first = true;
            grant.row.has_expires_us = false;
        }
        CX_TRY(access_grant_write(tx, &grant, insert->diag));
    }
    return row_enrolment_link_insert(tx, insert->link);
}

static cx_err prepare_grant(struct core *core, struct cx_str role, struct arena *arena,
                            struct invitation_insert *insert)
{
    cx_time now_us = insert->user->created_us;
    struct permission_set permissions;
    bool lasting = access_builtin_find(role, &permissions) && !access_is_privileged(&permissions);
    struct access_grant grant = {
        .subject = ACCESS_USER,
        .subject_id = insert->user->user_id,
        .role = role,
        .everywhere = true,
        .start_us = now_us,
        .expires_us =
            lasting ? CX_TIME_NEVER : now_us + ACCESS_PRIVILEGED_LIFE_DAYS * CX_US_PER_DAY,
        .reason = CX_STR("invited on the host"),
        .now_us = now_us,
    };
    if (insert->grant_count == ACCESS_GRANTS_MAX)
        return CX_ERR(LIMIT);
    return access_grant_prepare(core, insert->user->tenant_id, &grant, arena, insert->diag,
                                &insert->grants[insert->grant_count++]);
}

static cx_err prepare_grants(struct core *core, const struct tenant_invitation *invitation,
                             struct arena *arena, struct invitation_insert *insert)
{
    for (size_t i = 0; i < invitation->role_count; i++)
        CX_TRY(prepare_grant(core, invitation->roles[i], arena, insert));
    return insert->grant_count ? CX_OK : prepare_grant(core, ACCESS_ADMINISTRATOR, arena, insert);
}

cx_err tenant_invite(struct core *core, struct cx_id tenant_id,
                     const struct tenant_invitation *invitation, struct arena *arena,
                     struct cx_diag *diag, struct cx_str *ret_secret)
{
    cx_time now_us = cx_now(core->clock);
    struct row_tenant_user user = {0};
    struct row_enrolment_link link = {0};
    struct cx_str secret = CX_STR_NONE;
    if (invitation->display_name.len < 1 || invitation->display_name.len > TENANT_DISPLAY_NAME_MAX)
        return cx_refuse(diag, CX_ERR(PARSE), "display_name", "name-form", "Give a name.");
    CX_TRY(access_user_make(core, tenant_id, invitation->display_name, invitation->email, now_us,
                            arena, &user));
    CX_TRY(access_link_make(core, tenant_id, user.user_id, (struct cx_id){{0}}, now_us, arena,
                            &link, &secret));
    struct invitation_insert insert = {.user = &user, .link = &link, .diag = diag};
    CX_TRY(prepare_grants(core, invitation, arena, &insert));
    struct field_detail details[] = {{"display_name", invitation->display_name},
                                     {"roles", insert.grants[0].row.role}};
    struct audit_event event = {.action = "system.user.invite",
                                .tenant_id = tenant_id,
                                .object_type = CX_ID_USER,
                                .object_id = user.user_id};
    CX_TRY(field_details(arena, details, 2, &event.details));
    cx_err err = audit_commit(core, &event, write_invitation, &insert);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(diag, err, "email", "email-taken", "Another user has this address.");
    CX_TRY(err);
    *ret_secret = secret;
    return CX_OK;
}
