/*
 * Tenants and what an operator installs for them on the host: the functions behind `certinext init`,
 * `certinext tenant`, `certinext ca` and `certinext profile`. The API cannot reach them: making a CA or
 * widening a profile is a ceremony (docs/ARCHITECTURE.md).
 *
 * Each function is one transaction with its audit entry ("system.tenant.create" …), actor: the system.
 * They need core->store, clock, rng, keys and protect; no other part of struct core has to run.
 * Errors: CX_E_CONFLICT when the name or id is taken, CX_E_PARSE / CX_E_POLICY with a diagnostic for bad
 * content, and those of store and keys.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"
#include "store/rows.h"

struct core;

enum { TENANT_NAME_MAX = 64, TENANT_DISPLAY_NAME_MAX = 400 };

/* The tenant row and its first data key. name: [a-z0-9-]{1,64}, unique on this instance. */
cx_err tenant_create(struct core *core, struct cx_id tenant_id, struct cx_str name,
                     struct cx_diag *diag);
cx_err tenant_find(struct core *core, struct cx_str name, struct cx_id *ret_tenant_id);

enum { TENANTS_LISTED_MAX = 4096 };
struct tenant_listed {
    struct cx_id tenant_id;
    struct cx_str name; /* in arena */
};
/* The first TENANTS_LISTED_MAX by name. */
cx_err tenant_list(struct core *core, struct arena *arena, struct tenant_listed **ret_tenants,
                   size_t *ret_count);

struct tenant_issuer {
    struct cx_id issuer_id; /* as the keys process knows it */
    struct cx_str name;     /* [a-z0-9-]{1,64} */
    struct cx_bytes certificate_der;
    struct cx_bytes
        chain_der; /* certificates above it, concatenated DER, root last; empty for a root */
    struct cx_id parent_id;   /* zero when the parent is not here */
    uint32_t shard_count;     /* a power of two, 1 … 4096 */
    struct cx_str status_url; /* base of CRL, OCSP and issuer URLs, no trailing '/'; "" = none */
};
/* The issuer row and its CRL shards, which the publisher signs as soon as core runs. */
cx_err tenant_issuer_add(struct core *core, struct cx_id tenant_id,
                         const struct tenant_issuer *issuer, struct cx_diag *diag);

/* Name and version are read from the text. Versions of a name grow by one from 1. */
struct tenant_profile {
    struct cx_bytes yaml;
    cx_time effective_us; /* when it comes into force; 0: at once */
    struct cx_str reason; /* ptr NULL: not said */
};
cx_err tenant_profile_add(struct core *core, struct cx_id tenant_id,
                          const struct tenant_profile *add, struct cx_diag *diag);
/* Inside a transaction that audit_commit runs: the row as the next version of its name, else CX_E_CONFLICT with the newest there
 * is. */
cx_err tenant_profile_write(struct store_tx *tx, const struct row_profile_version *row,
                            int64_t *ret_newest);
/* 0: none. */
cx_err tenant_profile_number(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             int64_t *ret_newest);
/* Whether others have agreed to it, where they have to: before its ceremony. "profile-not-agreed". */
cx_err tenant_profile_check(struct core *core, struct cx_id tenant_id,
                            const struct tenant_profile *add, struct cx_diag *diag);
/* The number of the newest version, in force or not. CX_E_NOTFOUND when there is none. */
cx_err tenant_profile_newest(struct core *core, struct cx_id tenant_id, struct cx_str name,
                             uint32_t *ret_version);

struct tenant_invitation {
    struct cx_str display_name; /* at most TENANT_DISPLAY_NAME_MAX bytes */
    struct cx_str email;        /* may be empty */
    const struct cx_str
        *roles; /* that every tenant has, at most ACCESS_GRANTS_MAX; none: administrator */
    size_t role_count;
};
/* A user in state "invited" with the roles everywhere (the tenant's first administrator without an end, privileged roles
 * else for ACCESS_PRIVILEGED_LIFE_DAYS) and the one-time link that enrols them. *ret_secret ("cxl_…") is in arena and
 * exists nowhere else; it expires after a day (ACCESS_LINK_LIFE_S). */
cx_err tenant_invite(struct core *core, struct cx_id tenant_id,
                     const struct tenant_invitation *invitation, struct arena *arena,
                     struct cx_diag *diag, struct cx_str *ret_secret);
