/* Proposing a version of a certificate profile to those who have to agree; installing it stays an act on the host. */
#include "api_routes.h"
#include "core/approval/policy_change.h"
#include "core/field.h"
#include "core/page.h"
#include "core/tenant/profile_approval.h"
#include "core/tenant/tenant.h"

struct profile_proposing {
    struct api_request *request;
    struct row_profile_version row; /* as it would be installed */
    struct profile_terms terms;
};

static cx_err refuse_version(struct api_request *request, int64_t newest)
{
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "text", "profile-version",
                     "The next version of this profile is %lld.", (long long)newest + 1);
}

/* On trial the version is written, so that those who decide see what it changes; the trial is taken back. */
static cx_err write_agreed(struct store_tx *tx, void *arg)
{
    struct profile_proposing *it = arg;
    struct api_request *request = it->request;
    int64_t newest = 0;
    bool needed = false;
    cx_err err;
    if (!request->agreed) {
        CX_TRY(profile_approval_needed(tx, &it->terms, request->arena, &needed));
        if (!needed)
            return cx_refuse(request->diag, CX_ERR(POLICY), "name", "profile-asks-nobody",
                             "No rule asks anybody about this profile: install it on the host.");
        err = tenant_profile_write(tx, &it->row, &newest);
        return err.code == CX_E_CONFLICT ? refuse_version(request, newest) : err;
    }
    CX_TRY(tenant_profile_number(tx, it->row.tenant_id, it->row.name, &newest));
    if (it->row.version != newest + 1)
        return refuse_version(request, newest);
    return profile_approval_insert(tx, &it->terms, request->agreed->row.proposal_id);
}

static cx_err read_text(struct api_request *request, const struct api_profile_propose_in *in,
                        struct pki_profile *ret_profile)
{
    struct pki_profile profile;
    CX_TRY(pki_profile_parse(request->arena, cx_str_bytes(in->text), request->diag, &profile));
    if (!cx_str_eq(profile.name, in->name))
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "profile-name",
                         "The text is that of the profile %.*s.", CX_STR_ARG(profile.name));
    if (!request->agreed && in->has_effective && in->effective <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "effective", "effective-past",
                         "A version comes into force when it is installed, or at a time to come.");
    *ret_profile = profile;
    return CX_OK;
}

cx_err handle_profile_propose(struct api_request *request, const struct api_profile_propose_in *in,
                              struct api_profile_propose_out *ret_out)
{
    struct profile_proposing it = {.request = request};
    struct pki_profile profile;
    struct audit_event event = {0};
    struct cx_str version = CX_STR_NONE, sha256 = CX_STR_NONE;
    cx_time effective_us = in->has_effective ? in->effective : 0;
    CX_TRY(read_text(request, in, &profile));
    CX_TRY(profile_terms_of(request->principal.tenant_id, &profile, cx_str_bytes(in->text),
                            effective_us, request->now_us, &it.terms));
    it.row = (struct row_profile_version){.tenant_id = request->principal.tenant_id,
                                          .name = profile.name,
                                          .version = profile.version,
                                          .state = CX_STR("active"),
                                          .content = in->text,
                                          .created_us = request->now_us,
                                          .effective_us = effective_us};
    CX_TRY(page_hex_write(request->arena,
                          CX_BYTES(it.terms.content_sha256, sizeof(it.terms.content_sha256)),
                          &sha256));
    CX_TRY(arena_printf(request->arena, &version, "%u", profile.version));
    const struct field_detail details[] = {{"certificate_profile", profile.name},
                                           {"version", version},
                                           {"sha256", sha256},
                                           {"reason", in->reason}};
    CX_TRY(field_details(request->arena, details, 4, &event.details));
    CX_TRY(api_commit(request, &event, write_agreed, &it));
    ret_out->body =
        (struct api_profile_agreed){.name = profile.name, .version = (int64_t)profile.version};
    return CX_OK;
}
