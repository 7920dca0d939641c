#include "core/tenant/profile_approval.h"
#include "core/approval/policy_change.h"
#include "core/change/change.h"
#include "store/rows.h"

cx_err profile_terms_of(struct cx_id tenant_id, const struct pki_profile *profile,
                        struct cx_bytes yaml, cx_time effective_us, cx_time now_us,
                        struct profile_terms *ret_terms)
{
    struct profile_terms terms = {.tenant_id = tenant_id,
                                  .name = profile->name,
                                  .version = profile->version,
                                  .effective_us = effective_us,
                                  .now_us = now_us};
    CX_TRY(crypto_sha256(yaml, terms.content_sha256));
    *ret_terms = terms;
    return CX_OK;
}

cx_err profile_approval_needed(struct store_tx *tx, const struct profile_terms *terms,
                               struct arena *arena, bool *ret_needed)
{
    struct approval_plan plan;
    CX_TRY(policy_change_plan(tx, terms->tenant_id, CX_STR("certificate-profile"), terms->name,
                              terms->now_us, arena, &plan));
    *ret_needed = approval_total(&plan.stages) > 0;
    return CX_OK;
}

cx_err profile_approval_insert(struct store_tx *tx, const struct profile_terms *terms,
                               struct cx_id proposal_id)
{
    const struct row_profile_approval row = {
        .tenant_id = terms->tenant_id,
        .proposal_id = proposal_id,
        .name = terms->name,
        .content_sha256 = CX_BYTES(terms->content_sha256, sizeof(terms->content_sha256)),
        .effective_us = terms->effective_us,
        .base_version = terms->version - 1,
        .approved_us = terms->now_us};
    return row_profile_approval_insert(tx, &row);
}

cx_err profile_approval_find(struct store_tx *tx, const struct profile_terms *terms,
                             struct arena *arena, struct cx_diag *diag,
                             struct cx_id *ret_proposal_id)
{
    struct store_stmt *q = NULL;
    bool needed = false, row = false;
    *ret_proposal_id = (struct cx_id){{0}};
    CX_TRY(store_prepare(tx,
                         "SELECT proposal_id FROM profile_approval WHERE tenant_id = $1 "
                         "AND name = $2 AND content_sha256 = $3 AND effective_us = $4 "
                         "AND base_version = $5 AND used_us IS NULL ORDER BY approved_us LIMIT 1",
                         &q));
    store_bind_id(q, 1, terms->tenant_id);
    store_bind_text(q, 2, terms->name);
    store_bind_bytes(q, 3, CX_BYTES(terms->content_sha256, sizeof(terms->content_sha256)));
    store_bind_int(q, 4, terms->effective_us);
    store_bind_int(q, 5, terms->version - 1);
    CX_TRY(store_step(q, &row));
    if (row) {
        *ret_proposal_id = store_col_id(q, 0);
        return CX_OK;
    }
    CX_TRY(profile_approval_needed(tx, terms, arena, &needed));
    return needed ? cx_refuse(diag, CX_ERR(POLICY), "text", "profile-not-agreed",
                              "Others decide on changes of the profile %.*s: propose this text "
                              "(certinext profile propose) and install it when they have agreed.",
                              CX_STR_ARG(terms->name))
                  : CX_OK;
}

static cx_err mark_used(struct store_tx *tx, const struct profile_terms *terms,
                        struct cx_id proposal_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE profile_approval SET used_us = $3 WHERE tenant_id = $1 "
                         "AND proposal_id = $2 AND used_us IS NULL",
                         &q));
    store_bind_id(q, 1, terms->tenant_id);
    store_bind_id(q, 2, proposal_id);
    store_bind_int(q, 3, terms->now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err profile_approval_use(struct store_tx *tx, const struct profile_terms *terms,
                            struct cx_id proposal_id)
{
    if (cx_id_is_zero(proposal_id))
        return CX_OK;
    CX_TRY(mark_used(tx, terms, proposal_id));
    return proposal_tie(tx, terms->tenant_id, proposal_id);
}
