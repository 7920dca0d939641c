/* The operation that runs past requests through a profile before it comes into force. */
#include "api_routes.h"
#include "core/issuance/simulate.h"
#include "core/policy/profile_store.h"

_Static_assert((int)API_SIMULATED_REFUSED == (int)SIMULATE_REFUSED &&
                   (int)API_SIMULATED_LIFETIME == (int)SIMULATE_LIFETIME,
               "the contract lists differences in the order of simulate.h");

static cx_err find_version(struct api_request *request, const struct api_profile_simulate_in *in,
                           struct pki_profile *ret_profile)
{
    const struct profile_entry *entry = NULL;
    if (in->has_version == in->has_text)
        return cx_refuse(request->diag, CX_ERR(POLICY), "text", "text-or-version",
                         "Send either the text of a profile or the version of an installed one.");
    if (in->has_text) {
        CX_TRY(
            pki_profile_parse(request->arena, cx_str_bytes(in->text), request->diag, ret_profile));
        return cx_str_eq(ret_profile->name, in->name)
                   ? CX_OK
                   : cx_refuse(request->diag, CX_ERR(POLICY), "text", "profile-other-name",
                               "The text is that of another profile.");
    }
    cx_err err = profile_get(request->core, request->principal.tenant_id, in->name,
                             (uint32_t)in->version, &entry);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "version", "profile-unknown",
                         "There is no such certificate profile.");
    CX_TRY(err);
    *ret_profile = entry->profile;
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct simulate_difference *difference,
                      struct api_simulated_difference *ret_view)
{
    bool refused = difference->what == SIMULATE_REFUSED;
    struct api_simulated_difference view = {.request_id = difference->request_id,
                                            .what = (enum api_simulated)difference->what,
                                            .has_field = refused && difference->field[0],
                                            .has_rule = refused && difference->rule[0],
                                            .has_detail = refused,
                                            .has_was = !refused,
                                            .was = difference->was,
                                            .has_is = !refused,
                                            .is = difference->is};
    CX_TRY(arena_copy_str(request->arena, cx_str_from(difference->field), &view.field));
    CX_TRY(arena_copy_str(request->arena, cx_str_from(difference->rule), &view.rule));
    CX_TRY(arena_copy_str(request->arena, cx_str_from(difference->text), &view.detail));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_profile_simulate(struct api_request *request,
                               const struct api_profile_simulate_in *in,
                               struct api_profile_simulate_out *ret_out)
{
    struct pki_profile profile;
    struct simulate_result result;
    struct api_simulated_difference *items = NULL;
    CX_TRY(find_version(request, in, &profile));
    CX_TRY(simulate_profile(request->core, request->principal.tenant_id, &profile,
                            (size_t)in->requests, request->arena, &result));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, result.difference_count, &items));
    for (size_t i = 0; i < result.difference_count; i++)
        CX_TRY(view_of(request, &result.differences[i], &items[i]));
    ret_out->body = (struct api_simulation){.considered = result.considered_count,
                                            .refused = result.refused_count,
                                            .unreadable = result.unreadable_count,
                                            .items = items,
                                            .items_count = result.difference_count};
    return CX_OK;
}
