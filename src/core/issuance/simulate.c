#include "core/issuance/simulate.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/issuance/issue.h"
#include "core/policy/decide.h"

enum { ONE_REQUEST_MAX = 4 * 1024 * 1024 };

struct simulation {
    struct core *core;
    struct cx_id tenant_id;
    const struct pki_profile *profile;
    size_t limit, count;
    struct arena *arena;
    struct request_row *rows;
    struct simulate_result result;
};

static cx_err read_requests(struct store_tx *tx, void *arg)
{
    struct simulation *it = arg;
    return request_page_of_profile(tx, it->tenant_id, it->profile->name, it->limit, it->arena,
                                   it->rows, &it->count);
}

/* The question of then, with another profile: what was stored is what both the CSR and the document said. */
static struct policy_ask ask_of(const struct simulation *it, const struct issuance *run)
{
    const struct request_row *row = &run->request;
    struct policy_ask ask = {.profile = it->profile,
                             .issuer = &run->issuer->pki,
                             .key_lists = it->core->key_lists,
                             .now_us = row->created_us,
                             .by_system = cx_id_is_zero(row->requester_id),
                             .has_csr = !row->server_key,
                             .server_key_type = row->key_type,
                             .validity_s = row->validity_s};
    if (ask.has_csr) {
        ask.csr = run->body;
        return ask;
    }
    ask.has_subject = ask.has_names = true;
    ask.subject = run->body.subject;
    ask.subject_count = run->body.subject_count;
    ask.names = run->body.names;
    ask.name_count = run->body.name_count;
    return ask;
}

static struct simulate_difference *differ(struct simulation *it, const struct issuance *run,
                                          enum simulate_what what)
{
    struct simulate_result *result = &it->result;
    if (result->difference_count == SIMULATE_LISTED_MAX)
        return NULL;
    struct simulate_difference *difference = &result->differences[result->difference_count++];
    *difference = (struct simulate_difference){.request_id = run->request.request_id, .what = what};
    return difference;
}

static void refuse(struct simulation *it, const struct issuance *run, const struct cx_diag *diag)
{
    struct simulate_difference *difference = differ(it, run, SIMULATE_REFUSED);
    it->result.refused_count++;
    if (!difference)
        return;
    snprintf(difference->field, sizeof(difference->field), "%s", diag->field);
    snprintf(difference->rule, sizeof(difference->rule), "%s", diag->rule);
    snprintf(difference->text, sizeof(difference->text), "%s", diag->text);
}

static void compare(struct simulation *it, const struct issuance *run, enum simulate_what what,
                    int64_t was, int64_t is)
{
    struct simulate_difference *difference = was == is ? NULL : differ(it, run, what);
    if (!difference)
        return;
    difference->was = was;
    difference->is = is;
}

/* How long a certificate lives that is asked for without a validity. */
static cx_err lifetime(const struct pki_profile *profile, const struct issuance *run,
                       int64_t *ret_seconds)
{
    cx_time not_before_us = 0, not_after_us = 0;
    CX_TRY(policy_validity(profile, &run->issuer->pki, run->request.validity_s,
                           run->request.created_us, &not_before_us, &not_after_us));
    *ret_seconds = (not_after_us - not_before_us) / CX_US_PER_S + 1;
    return CX_OK;
}

/* What refuses now whatever the profile (a key that became known as compromised) is no difference. */
static cx_err refused_before(struct simulation *it, const struct issuance *run,
                             const struct cx_diag *diag, bool *ret_before)
{
    struct policy_ask ask = ask_of(it, run);
    struct policy_decision decision;
    struct cx_diag before = CX_DIAG_INIT;
    ask.profile = run->profile;
    cx_err err = policy_decide(&ask, &before, &decision);
    bool refused = err.code == CX_E_POLICY || err.code == CX_E_PARSE;
    if (!refused)
        CX_TRY(err);
    *ret_before = refused && cx_str_is(cx_str_from(before.rule), diag->rule);
    return CX_OK;
}

static cx_err decide(struct simulation *it, const struct issuance *run)
{
    const struct policy_ask ask = ask_of(it, run);
    struct policy_decision decision;
    struct cx_diag diag = CX_DIAG_INIT;
    int64_t was = 0, is = 0;
    cx_err err = policy_decide(&ask, &diag, &decision);
    if (err.code == CX_E_POLICY || err.code == CX_E_PARSE) {
        bool before = false;
        CX_TRY(refused_before(it, run, &diag, &before));
        if (!before)
            refuse(it, run, &diag);
        return CX_OK;
    }
    CX_TRY(err);
    compare(it, run, SIMULATE_APPROVALS, run->profile->approvals_issue,
            it->profile->approvals_issue);
    CX_TRY(lifetime(run->profile, run, &was));
    CX_TRY(lifetime(it->profile, run, &is));
    compare(it, run, SIMULATE_LIFETIME, was, is);
    return CX_OK;
}

static cx_err consider(struct simulation *it, const struct request_row *row)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ONE_REQUEST_MAX);
    struct issuance run = {
        .core = it->core, .arena = &arena, .tenant_id = it->tenant_id, .request = *row};
    cx_err err = issuance_load_row(&run);
    if (err.code == CX_E_NOMEM || err.code == CX_E_STORE)
        return err;
    it->result.considered_count += cx_is_ok(err);
    it->result.unreadable_count += cx_failed(err);
    return cx_is_ok(err) ? decide(it, &run) : CX_OK;
}

cx_err simulate_profile(struct core *core, struct cx_id tenant_id,
                        const struct pki_profile *profile, size_t limit, struct arena *arena,
                        struct simulate_result *ret_result)
{
    struct simulation it = {
        .core = core, .tenant_id = tenant_id, .profile = profile, .limit = limit, .arena = arena};
    CX_TRY(ARENA_NEW_ARRAY(arena, limit, &it.rows));
    CX_TRY(ARENA_NEW_ARRAY(arena, SIMULATE_LISTED_MAX, &it.result.differences));
    CX_TRY(store_read(core->store, read_requests, &it));
    for (size_t i = 0; i < it.count; i++)
        CX_TRY(consider(&it, &it.rows[i]));
    *ret_result = it.result;
    return CX_OK;
}
