#include "core/authentication/factor_rights.h"

#include "core/access/access_store.h"
#include "core/authentication/session.h"
#include "core/authentication/session_store.h"

/* A token that stands for its person, as the one of an enrolment does: it is not narrowed. */
static bool is_whole(const struct principal *me)
{
    return !cx_id_is_zero(me->token_id) && !me->narrowed;
}

static cx_err check_token(struct store_tx *tx, struct api_request *request)
{
    const struct principal *me = &request->principal;
    bool exist = false;
    CX_TRY(factors_exist(tx, me->tenant_id, me->user_id, &exist));
    if (!exist && is_whole(me))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "", "session-needed",
                     "Log in with a factor you have to change your factors.");
}

/* A service account has no factors and never gets any: it would be a person nobody is. */
static cx_err refuse_service(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             struct cx_diag *diag)
{
    bool service = false;
    CX_TRY(user_is_service(tx, tenant_id, user_id, &service));
    if (!service)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(POLICY), "user_id", "service-account",
                     "A service account does not log in: it works with tokens and client "
                     "certificates.");
}

cx_err factor_check_link(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                         struct cx_id maker_id, struct cx_diag *diag)
{
    bool exist = false;
    struct cx_id by_id;
    CX_TRY(refuse_service(tx, tenant_id, user_id, diag));
    CX_TRY(factors_exist(tx, tenant_id, user_id, &exist));
    if (exist)
        return cx_refuse(diag, CX_ERR(CONFLICT), "", "has-factors",
                         "Who can log in needs no link. When the factors are lost, an "
                         "administrator removes them first.");
    CX_TRY(factors_reset_by(tx, tenant_id, user_id, &by_id));
    if (cx_id_is_zero(maker_id) || !cx_id_eq(by_id, maker_id))
        return CX_OK;
    return cx_refuse(diag, CX_ERR(DENIED), "", "reset-by-inviter",
                     "Who removed somebody's factors does not make their link: another "
                     "administrator has to.");
}

cx_err factor_check_rights(struct store_tx *tx, struct api_request *request)
{
    const struct principal *me = &request->principal;
    CX_TRY(refuse_service(tx, me->tenant_id, me->user_id, request->diag));
    if (cx_id_is_zero(me->session_id))
        return check_token(tx, request);
    if (request->now_us < me->factor_us + me->factor_life_us)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "", "step-up-required",
                     "This needs a fresh second factor: prove it again.");
}

cx_err factor_end_others(struct store_tx *tx, const struct api_request *request)
{
    const struct principal *me = &request->principal;
    CX_TRY(session_end_others(tx, me->tenant_id, me->user_id, me->session_id, request->now_us));
    return device_forget_all(tx, me->tenant_id, me->user_id);
}
