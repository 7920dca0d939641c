/* A few table look-ups and comparisons of persons: flat in the number of users, bindings and objects. */
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
cx_err access_check_tie(enum access_tie tie, struct cx_diag *diag)
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
    case ACCESS_TIE_SAME_PERSON:
        return cx_refuse(diag, CX_ERR(DENIED), "", "approver-is-owner",
                         "A service account and its owner are one person here: "
                         "somebody else has to decide.");
    case ACCESS_TIE_APPROVERS:
        break;
    }
    return cx_refuse(diag, CX_ERR(DENIED), "", "approver-enrolled-by-approver",
                     "One of you and an earlier approver enrolled the other; "
                     "somebody else has to approve.");
}

bool access_may(const struct principal *principal, enum permission permission,
                const struct access_place *place)
{
    const struct access_rights *rights = principal->rights, *narrowed = principal->narrowed;
    if (!principal->authenticated || !rights)
        return false;
    if (!place)
        return access_rights_everywhere(rights, permission) &&
               (!narrowed || access_rights_everywhere(narrowed, permission));
    return access_rights_allow(rights, permission, place) &&
           (!narrowed || access_rights_allow(narrowed, permission, place));
}

bool access_may_anywhere(const struct principal *principal, enum permission permission)
{
    return principal->authenticated && principal->rights &&
           access_rights_anywhere(principal->rights, permission) &&
           (!principal->narrowed || access_rights_anywhere(principal->narrowed, permission));
}

void access_principal_clear(struct principal *principal)
{
    access_rights_release(principal->rights);
    access_rights_release(principal->narrowed);
    principal->rights = principal->narrowed = NULL;
    principal->authenticated = false;
}

/* Who may see such an object at all learns that it is the right that is missing; for others there is none. */
static enum permission reading(enum permission permission)
{
    switch (permission) {
    case PERMISSION_REQUEST_CREATE:
    case PERMISSION_REQUEST_APPROVE:
    case PERMISSION_REQUEST_REJECT:
    case PERMISSION_REQUEST_CANCEL:
    case PERMISSION_REQUEST_COLLECT:
        return PERMISSION_REQUEST_READ;
    case PERMISSION_CERTIFICATE_RENEW:
    case PERMISSION_CERTIFICATE_REPLACE:
    case PERMISSION_CERTIFICATE_REVOKE:
    case PERMISSION_CERTIFICATE_GROUP_SET:
    case PERMISSION_TAG_SET:
        return PERMISSION_CERTIFICATE_READ;
    case PERMISSION_ACME_ACCOUNT_DEACTIVATE:
        return PERMISSION_ACME_ACCOUNT_READ;
    case PERMISSION_GROUP_MEMBER_SET:
        return PERMISSION_GROUP_READ;
    default:
        return permission;
    }
}

static cx_err check_right(const struct principal *principal, enum permission permission,
                          const struct access_object *object, struct cx_diag *diag)
{
    if (!access_may_anywhere(principal, permission))
        return cx_refuse(
            diag, CX_ERR(DENIED), "", "permission-missing",
            "None of this token's roles has the permission that this operation needs.");
    if (object) {
        if (access_may(principal, permission, &object->place))
            return CX_OK;
        if (!access_may(principal, reading(permission), &object->place))
            return CX_ERR(NOTFOUND);
        return cx_refuse(diag, CX_ERR(DENIED), "", "scope-outside",
                         "Your right to do this does not reach this object.");
    }
    if (access_permission_reach(permission) == ACCESS_REACH_TENANT &&
        !access_may(principal, permission, NULL))
        return cx_refuse(diag, CX_ERR(DENIED), "", "scope-all-needed",
                         "This concerns the whole tenant: it needs the right everywhere.");
    return CX_OK;
}

/* Only comparisons of persons: whatever the rights, these win. */
static cx_err check_duties(const struct principal *principal, enum permission permission,
                           const struct access_object *object, struct cx_diag *diag)
{
    bool same_person = cx_id_eq(principal->user_id, object->requester_id);
    if (is_decision(permission) && same_person)
        return cx_refuse(diag, CX_ERR(DENIED), "", "requester-is-approver",
                         "The person who asked cannot decide; another person has to.");
    if (permission == PERMISSION_REQUEST_APPROVE)
        CX_TRY(access_check_tie(object->tie, diag));
    if (is_requesters_own(permission) && !same_person)
        return cx_refuse(diag, CX_ERR(DENIED), "", "requester-only",
                         "Only the person who asked can do this.");
    return CX_OK;
}

/* What takes another person than who began it, wherever that is compared. */
static bool is_second_persons(enum permission permission)
{
    switch (permission) {
    case PERMISSION_REQUEST_APPROVE:
    case PERMISSION_REQUEST_REJECT:
    case PERMISSION_PROPOSAL_DECIDE:
    case PERMISSION_REVIEW_DECIDE:
    case PERMISSION_INCIDENT_REVOKE_APPROVE:
    case PERMISSION_INCIDENT_UNBLOCK:
    case PERMISSION_INCIDENT_SIGN_SECURITY:
    case PERMISSION_INCIDENT_SIGN_OPERATIONS:
        return true;
    default:
        return false;
    }
}

cx_err authorise(const struct principal *principal, enum permission permission,
                 const struct access_object *object, struct cx_diag *diag)
{
    if (!principal || !principal->authenticated || cx_id_is_zero(principal->tenant_id) ||
        cx_id_is_zero(principal->user_id))
        return cx_refuse(diag, CX_ERR(AUTH), "", "token-missing", "Send a valid API token.");
    if (is_second_persons(permission) && principal->rights &&
        access_rights_break_glass(principal->rights))
        return cx_refuse(diag, CX_ERR(DENIED), "", "break-glass-decides-nothing",
                         "Who stands behind a break-glass account is nobody's second person.");
    CX_TRY(check_right(principal, permission, object, diag));
    return object ? check_duties(principal, permission, object, diag) : CX_OK;
}
