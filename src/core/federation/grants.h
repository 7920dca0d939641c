/*
 * What a login at a provider gives its person: the memberships and roles that the provider's rules make of the groups in
 * its token, and what they gave before and give no more, which is taken back. Prepared outside (identifiers, sealed
 * reasons), written in the transaction of the login. Separation of duties is asked at the end, as at every path by which a
 * role arrives. A person who set the rules is given nothing by them: nobody gives themselves a right. What others decide
 * on by an approval rule is withheld: it is not given by a login, and what is there stays to its end.
 */
#pragma once
#include "core/access/binding_store.h"
#include "core/api/api.h"
#include "core/federation/oidc_document.h"
#include "core/federation/provider_store.h"

/* A role that came by a login lasts this long without another, so that what the provider took away ends even for
 * somebody who never logs in again; past the half it is given anew. */
enum { OIDC_ROLE_LIFE_DAYS = 30, OIDC_ROLE_HALF_DAYS = 15 };

struct oidc_grants {
    const struct oidc_provider *provider;
    struct cx_id user_id;
    struct cx_id *groups;
    bool *group_withheld; /* as many */
    size_t group_count;
    struct access_grant_row *roles;
    bool *role_withheld; /* as many */
    size_t role_count;
    bool only_take; /* nothing new is given */
};

/* A user who was found: user_id. Not inside a closure. */
cx_err oidc_grants_prepare(struct api_request *request, const struct oidc_provider *provider,
                           struct cx_id user_id, const struct oidc_words *claimed,
                           struct oidc_grants *ret_grants);
/* "auditor, group grp_…": for the audit entry, what is given or what is withheld. In arena. */
cx_err oidc_grants_text(const struct oidc_grants *grants, bool withheld, struct arena *arena,
                        struct cx_str *ret_text);
/* CX_E_POLICY "roles-conflict" when the person would hold what nobody holds together. */
cx_err oidc_grants_write(struct store_tx *tx, struct api_request *request,
                         const struct oidc_grants *grants);
/* Takes back all that a provider gave: to one user, or (zero) to everybody. */
cx_err oidc_grants_take_back(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                             struct cx_id user_id, struct cx_id by, struct arena *arena,
                             cx_time now_us);
