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
    bool
        kept_last; /* written: the last administrator's role stays, though nothing gives it any more */
};

/* A user who was found: user_id. Not inside a closure. */
cx_err oidc_grants_prepare(struct api_request *request, const struct oidc_provider *provider,
                           struct cx_id user_id, const struct oidc_words *claimed,
                           struct oidc_grants *ret_grants);
/* "auditor, group grp_…": for the audit entry, what is given or what is withheld. In arena. */
cx_err oidc_grants_text(const struct oidc_grants *grants, bool withheld, struct arena *arena,
                        struct cx_str *ret_text);
/* CX_E_POLICY "roles-conflict" when the person would hold what nobody holds together. The last administrator's role is
 * not taken back, for nobody could then repair the tenant: kept_last, and the next login tries again. */
cx_err oidc_grants_write(struct store_tx *tx, struct api_request *request,
                         struct oidc_grants *grants);
struct oidc_taking {
    struct cx_id tenant_id, provider_id;
    struct cx_id user_id; /* zero: everybody */
    struct cx_id by;
    cx_time now_us;
};
/* Takes back all that a provider gave to one user or to everybody, but the last administrator's role. */
cx_err oidc_grants_take_back(struct store_tx *tx, const struct oidc_taking *taking,
                             struct arena *arena, bool *ret_kept_last);
/* After the commit: whoever looks after the tenant hears that its last administrator's role was kept. */
cx_err oidc_grants_say_kept(struct api_request *request, struct cx_id tenant_id,
                            struct cx_id provider_id);
