/*
 * Who may do what, where. authorise() is the one gate that every operation passes: the dispatcher calls it with
 * the permission of the contract before a handler runs, and the domain calls it again with the object, inside
 * the transaction that changes it. Deny by default: an unknown permission, role, place or state is a refusal.
 *
 * Roles say what, scopes say where (rights.h); what forbids is here and wins: separation of duties and the narrowing
 * of a token. The permission list is generated from api/openapi.yaml (x-permission). A person is a user id: tokens,
 * sessions and delegates of one person are the same person, and separation of duties compares persons.
 */
#pragma once
#include "base/diag.h"
#include "core/access/rights.h"

enum { ACCESS_NARROWED_MAX = 4 };

struct principal {
    struct cx_id tenant_id;
    struct cx_id user_id;           /* the person */
    struct cx_id token_id;          /* the token used; zero when none */
    struct cx_id session_id;        /* the session used; zero when none */
    struct cx_id client_binding_id; /* the bound client certificate used alone; zero when none */
    struct cx_id group_id;  /* acts as a member of this group alone (rights.h); zero: not so */
    cx_time factor_us;      /* of a session: when a second factor was last proved */
    int64_t factor_life_us; /* and how long it counts as fresh */
    /* Held by who authenticated (access_principal_clear). NULL: nothing. */
    struct access_rights *rights;   /* of the person */
    struct access_rights *narrowed; /* of the token: what it leaves of them; NULL: all */
    /* The token and those it was made with, as far as they have bindings of their own: narrowed is what all leave. */
    struct cx_id narrowed_by[ACCESS_NARROWED_MAX];
    size_t narrowed_count;
    int64_t generation; /* of the tenant's bindings that the rights were compiled from */
    bool authenticated;
};

enum access_tie {
    ACCESS_TIE_NONE,
    ACCESS_TIE_BY_REQUESTER, /* the requester made a link that enrolled the approver */
    ACCESS_TIE_TO_REQUESTER, /* the approver made a link that enrolled the requester */
    ACCESS_TIE_APPROVERS,    /* the same between the approver and one before */
    ACCESS_TIE_SAME_PERSON,  /* one owns the other, a service account, or somebody owns both */
};
/* The object an action touches: where it lies, and what separation of duties needs. Zeroed it lies nowhere, where
 * only a right everywhere reaches. */
struct access_object {
    struct access_place place;
    struct cx_id requester_id; /* zero when the object has no requester */
    enum access_tie tie;       /* of the persons that decide with the principal: access_tie_find */
};

/* CX_OK, CX_E_AUTH (nobody), CX_E_DENIED (a person without the right, or the same person as requester:
 * or tied to them: diag->rule says "permission-missing", "scope-all-needed", "scope-outside", "requester-is-approver",
 * "approver-is-owner", "approver-enrolled-by-requester", "requester-enrolled-by-approver",
 * "approver-enrolled-by-approver" or "break-glass-decides-nothing"), or
 * CX_E_NOTFOUND without a diagnostic: the principal may not even read such an object there, so that for them it does
 * not exist. object NULL: the operation as a whole, before an object is known. */
cx_err authorise(const struct principal *principal, enum permission permission,
                 const struct access_object *object, struct cx_diag *diag);
/* CX_E_DENIED with the rule of the tie. */
cx_err access_check_tie(enum access_tie tie, struct cx_diag *diag);
/* The right alone, at a place (NULL: everywhere in the tenant). */
bool access_may(const struct principal *principal, enum permission permission,
                const struct access_place *place);
bool access_may_anywhere(const struct principal *principal, enum permission permission);
void access_principal_clear(struct principal *principal);

/* What a permission is about, and so how far a right to it must reach before anything is looked at. */
enum access_reach {
    ACCESS_REACH_TENANT, /* the tenant as a whole: only a right everywhere will do. The default. */
    ACCESS_REACH_OBJECT, /* objects: the handler asks again with each, or lists within the scope */
    ACCESS_REACH_ANY, /* the caller's own, or what every holder needs: a right in any scope will do */
};
enum access_reach access_permission_reach(enum permission permission);
/* Powers over persons, rights, keys or time: a role with one of them is privileged, and its bindings end. */
bool access_permission_is_privileged(enum permission permission);
cx_err access_permission_from_name(struct cx_str name, enum permission *ret_permission);

/* The roles that every tenant has. */
#define ACCESS_ADMINISTRATOR CX_STR("administrator")
#define ACCESS_PROVISIONER CX_STR("provisioner")
enum { ACCESS_BUILTIN_COUNT = 14 };
const char *access_builtin_name(size_t role);
void access_builtin_permissions(size_t role, struct permission_set *ret_permissions);
/* False when name is none of them. */
bool access_builtin_find(struct cx_str name, struct permission_set *ret_permissions);
bool access_is_privileged(const struct permission_set *permissions);
