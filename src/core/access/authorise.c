/* One table look-up and one comparison of persons: flat in the number of users, roles and objects. */
#include "core/access/access.h"

/* The acts of a second person: whoever asked may not decide, whatever their roles and tokens. */
static bool is_decision(enum permission permission)
{
    return permission == PERMISSION_REQUEST_APPROVE || permission == PERMISSION_REQUEST_REJECT;
}

/* The acts of the requester alone: nobody else takes a request back or receives its private key. */
static bool is_requesters_own(enum permission permission)
{
    return permission == PERMISSION_REQUEST_CANCEL || permission == PERMISSION_REQUEST_COLLECT;
}

/* Who enrolled a person could be that person: docs/design/070-enrolled-by.md. */
static cx_err check_tie(enum access_tie tie, struct cx_diag *diag)
{
    switch (tie) {
    case ACCESS_TIE_NONE:
        return CX_OK;
    case ACCESS_TIE_BY_REQUESTER:
        return cx_refuse(diag, CX_ERR(DENIED), "", "approver-enrolled-by-requester",
                         "The person who asked enrolled you; somebody else has to approve.");
    case ACCESS_TIE_TO_REQUESTER:
        return cx_refuse(diag, CX_ERR(DENIED), "", "requester-enrolled-by-approver",
                         "You enrolled the person who asked; somebody else has to approve.");
    case ACCESS_TIE_APPROVERS:
        break;
    }
    return cx_refuse(diag, CX_ERR(DENIED), "", "approver-enrolled-by-approver",
                     "One of you and an earlier approver enrolled the other; "
                     "somebody else has to approve.");
}

cx_err authorise(const struct principal *principal, enum permission permission,
                 const struct access_object *object, struct cx_diag *diag)
{
    if (!principal || !principal->authenticated || cx_id_is_zero(principal->tenant_id) ||
        cx_id_is_zero(principal->user_id))
        return cx_refuse(diag, CX_ERR(AUTH), "", "token-missing", "Send a valid API token.");
    if ((access_permission_holders(permission) & principal->roles) == 0)
        return cx_refuse(
            diag, CX_ERR(DENIED), "", "permission-missing",
            "None of this token's roles has the permission that this operation needs.");
    if (!object)
        return CX_OK;
    bool same_person = cx_id_eq(principal->user_id, object->requester_id);
    if (is_decision(permission) && same_person)
        return cx_refuse(diag, CX_ERR(DENIED), "", "requester-is-approver",
                         "The person who asked cannot decide; another person has to.");
    if (permission == PERMISSION_REQUEST_APPROVE)
        CX_TRY(check_tie(object->tie, diag));
    if (is_requesters_own(permission) && !same_person)
        return cx_refuse(diag, CX_ERR(DENIED), "", "requester-only",
                         "Only the person who asked can do this.");
    return CX_OK;
}
