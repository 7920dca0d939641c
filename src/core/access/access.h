/*
 * Who may do what. authorise() is the one gate that every operation passes: the dispatcher calls it with
 * the permission of the contract before a handler runs, and the domain calls it again with the object, inside
 * the transaction that changes it. Deny by default: an unknown permission, role or state is a refusal.
 *
 * The permission list is generated from api/openapi.yaml (x-permission). A person is a user id: tokens,
 * sessions and delegates of one person are the same person, and separation of duties compares persons.
 */
#pragma once
#include "api_permissions.h" /* generated: enum permission, PERMISSION_COUNT */
#include "base/clock.h"
#include "base/diag.h"
#include "base/id.h"

enum access_role {
    ROLE_ADMINISTRATOR,
    ROLE_REQUESTER,
    ROLE_APPROVER,
    ROLE_OPERATOR,
    ROLE_AUDITOR,
    ACCESS_ROLE_COUNT
};

struct principal {
    struct cx_id tenant_id;
    struct cx_id user_id;    /* the person */
    struct cx_id token_id;   /* the credential used; zero when none */
    struct cx_id session_id; /* the session used; zero when none */
    cx_time factor_us;       /* of a session: when a second factor was last proved */
    uint32_t roles;          /* bit set of 1 << enum access_role */
    bool whole;              /* a token that stands for the person, not narrowed to some roles */
    bool authenticated;
};

/* The object an action touches, as far as separation of duties needs it. */
enum access_tie {
    ACCESS_TIE_NONE,
    ACCESS_TIE_BY_REQUESTER, /* the requester made a link that enrolled the approver */
    ACCESS_TIE_TO_REQUESTER, /* the approver made a link that enrolled the requester */
    ACCESS_TIE_APPROVERS,    /* the same between the approver and one before */
};
struct access_object {
    struct cx_id requester_id; /* zero when the object has no requester */
    enum access_tie tie;       /* of the persons that decide with the principal: access_tie_find */
};

/* CX_OK, CX_E_AUTH (nobody), CX_E_DENIED (a person without the right, or the same person as requester:
 * or tied to them: diag->rule says "permission-missing", "requester-is-approver", "approver-enrolled-by-requester",
 * "requester-enrolled-by-approver" or "approver-enrolled-by-approver"). object may be NULL. */
cx_err authorise(const struct principal *principal, enum permission permission,
                 const struct access_object *object, struct cx_diag *diag);

const char *access_role_name(enum access_role role); /* "administrator" … */
cx_err access_role_from_name(struct cx_str name, enum access_role *ret_role);
bool access_role_has(enum access_role role, enum permission permission);
/* Bit set of the roles that have it; 0 for an unknown permission. */
uint32_t access_permission_holders(enum permission permission);
