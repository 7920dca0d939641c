/* The roles that every tenant has, as a table over the permissions of the contract. A permission that somebody adds
 * there and not here belongs to nobody, reaches nothing less than the tenant, and fails the unit test of this table. */
#include "core/access/access.h"

static const char *const NAMES[ACCESS_BUILTIN_COUNT] = {
    "administrator",    "manager",          "finance-manager", "standard-user", "basic-user",
    "discovery-user",   "requester",        "approver",        "operator",      "auditor",
    "incident-manager", "security-officer", "key-custodian",   "provisioner",
};

enum {
    A = 1 << 0,  /* administrator */
    M = 1 << 1,  /* manager */
    F = 1 << 2,  /* finance-manager */
    S = 1 << 3,  /* standard-user */
    B = 1 << 4,  /* basic-user */
    D = 1 << 5,  /* discovery-user */
    R = 1 << 6,  /* requester */
    P = 1 << 7,  /* approver */
    O = 1 << 8,  /* operator */
    U = 1 << 9,  /* auditor */
    I = 1 << 10, /* incident-manager */
    Y = 1 << 11, /* security-officer */
    K = 1 << 12, /* key-custodian */
    V = 1 << 13, /* provisioner: a directory, which is nobody and may one thing */
    EVERYBODY = V - 1,
    ASKERS = A | M | S | B | R,
};
#define TENANT ACCESS_REACH_TENANT
#define OBJECT ACCESS_REACH_OBJECT
#define ANY ACCESS_REACH_ANY

struct permission_rule {
    uint32_t holders; /* roles */
    enum access_reach reach;
    bool privileged;
};

static const struct permission_rule RULES[PERMISSION_COUNT] = {
    [PERMISSION_ME_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_LETTER_SET] = {EVERYBODY, ANY, false},
    [PERMISSION_USER_READ] = {A | M | U | I | Y, OBJECT, false},
    [PERMISSION_USER_CREATE] = {A, TENANT, true},
    [PERMISSION_USER_ROLE_SET] = {A, TENANT, true},
    [PERMISSION_USER_DISABLE] = {A | I | Y, TENANT, true},
    [PERMISSION_USER_LEAVE] = {A | I | Y, TENANT, true},
    [PERMISSION_USER_STAY] = {A | Y, TENANT, true},
    [PERMISSION_USER_ENABLE] = {A, TENANT, true},
    [PERMISSION_USER_LINK_CREATE] = {A, TENANT, true},
    [PERMISSION_TOKEN_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_TOKEN_CREATE] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_TOKEN_REVOKE] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_SERVICE_ACCOUNT_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_SERVICE_ACCOUNT_CREATE] = {A, TENANT, true},
    [PERMISSION_SERVICE_ACCOUNT_TRANSFER] = {A, TENANT, true},
    [PERMISSION_SESSION_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_SESSION_REVOKE] = {EVERYBODY, ANY, false},
    [PERMISSION_SESSION_STEP_UP] = {EVERYBODY, ANY, false},
    [PERMISSION_FACTOR_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_FACTOR_SET] = {EVERYBODY, ANY, false},
    [PERMISSION_OIDC_PROVIDER_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_OIDC_PROVIDER_SET] = {A, TENANT, true},
    [PERMISSION_OIDC_PROVIDER_DISABLE] = {A | I | Y, TENANT, true},
    [PERMISSION_OIDC_IDENTITY_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_OIDC_IDENTITY_SET] = {A, TENANT, true},
    [PERMISSION_CLIENT_CERTIFICATE_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_CLIENT_CERTIFICATE_BIND] = {A, TENANT, true},
    [PERMISSION_CLIENT_CERTIFICATE_REMOVE] = {EVERYBODY, ANY, false},
    [PERMISSION_CLIENT_CA_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_CLIENT_CA_SET] = {A, TENANT, true},
    [PERMISSION_CLIENT_CA_REMOVE] = {A | I | Y, TENANT, true},
    [PERMISSION_SCIM_CLIENT_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_SCIM_CLIENT_SET] = {A, TENANT, true},
    [PERMISSION_SCIM_CLIENT_REVOKE] = {A | I | Y, TENANT, true},
    [PERMISSION_SCIM_GROUP_SET] = {A, TENANT, true},
    [PERMISSION_SCIM_USER_SET] = {A, TENANT, true},
    [PERMISSION_SCIM_PROVISION] = {V, TENANT, true},
    [PERMISSION_USER_FACTOR_RESET] = {A, TENANT, true},
    [PERMISSION_GROUP_READ] = {A | M | U | I | Y, OBJECT, false},
    [PERMISSION_GROUP_CREATE] = {A, TENANT, true},
    [PERMISSION_GROUP_MEMBER_SET] = {A | M, OBJECT, true},
    [PERMISSION_GROUP_NEST] = {A, TENANT, true},
    [PERMISSION_ROLE_READ] = {A | M | U | Y, ANY, false},
    [PERMISSION_ROLE_SET] = {A, TENANT, true},
    [PERMISSION_BINDING_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_BINDING_CREATE] = {A, TENANT, true},
    [PERMISSION_BINDING_END] = {A | Y, TENANT, true},
    [PERMISSION_BINDING_ACTIVATE] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_APPROVAL_RULE_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_APPROVAL_RULE_SET] = {A | Y, TENANT, true},
    [PERMISSION_PROPOSAL_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_PROPOSAL_DECIDE] = {A | Y, TENANT, true},
    [PERMISSION_PROPOSAL_CANCEL] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_DELEGATION_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_DELEGATION_CREATE] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_DELEGATION_END] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_DELEGATION_USE] = {EVERYBODY & ~U, ANY, false},
    [PERMISSION_BREAK_GLASS_READ] = {A | U | I | Y, TENANT, false},
    [PERMISSION_BREAK_GLASS_CREATE] = {A | Y, TENANT, true},
    [PERMISSION_BREAK_GLASS_OPEN] = {A | I | Y, TENANT, true},
    [PERMISSION_REVIEW_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_REVIEW_CREATE] = {A | Y, TENANT, false},
    [PERMISSION_REVIEW_DECIDE] = {A | Y, TENANT, true},
    [PERMISSION_REVIEW_EXPORT] = {A | U | Y, TENANT, false},
    [PERMISSION_CHANGE_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_SETTING_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_SETTING_SET] = {A | Y, TENANT, true},
    [PERMISSION_CONFLICT_READ] = {A | U | Y, TENANT, false},
    [PERMISSION_CONFLICT_CREATE] = {Y, TENANT, true},
    [PERMISSION_ACCESS_EXPLAIN] = {A | U | Y, TENANT, false},
    [PERMISSION_ISSUER_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_PROFILE_SIMULATE] = {A | Y, TENANT, false},
    [PERMISSION_PROFILE_PROPOSE] = {A | Y, TENANT, true},
    [PERMISSION_PROFILE_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_REQUEST_READ] = {EVERYBODY & ~(D | K), OBJECT, false},
    [PERMISSION_REQUEST_CREATE] = {ASKERS, OBJECT, false},
    [PERMISSION_REQUEST_APPROVE] = {A | M | P, OBJECT, false},
    [PERMISSION_REQUEST_REJECT] = {A | M | P, OBJECT, false},
    [PERMISSION_REQUEST_CANCEL] = {ASKERS | O, OBJECT, false},
    [PERMISSION_REQUEST_COLLECT] = {ASKERS, OBJECT, false},
    [PERMISSION_CERTIFICATE_READ] = {EVERYBODY, OBJECT, false},
    [PERMISSION_CERTIFICATE_EXPORT] = {A | M | F | D | O | U | I | Y, OBJECT, false},
    [PERMISSION_CERTIFICATE_RENEW] = {A | M | S | R | O, OBJECT, false},
    [PERMISSION_CERTIFICATE_REPLACE] = {A | M | S | R | O, OBJECT, false},
    [PERMISSION_CERTIFICATE_REVOKE] = {A | M | R | O | I, OBJECT, false},
    [PERMISSION_CERTIFICATE_GROUP_SET] = {A | M, OBJECT, false},
    [PERMISSION_TAG_SET] = {A | M | S | R, OBJECT, false},
    [PERMISSION_AUDIT_READ] = {A | U | I | Y, OBJECT, false},
    [PERMISSION_AUDIT_EXPORT] = {A | U | I | Y, TENANT, false},
    [PERMISSION_SYSTEM_STATUS_READ] = {A | O | U | I | Y | K, TENANT, false},
    [PERMISSION_SYSTEM_CLOCK_READ] = {A | O | U | I | Y | K, TENANT, false},
    [PERMISSION_SYSTEM_CLOCK_SET] = {A, TENANT, true},
    [PERMISSION_INCIDENT_READ] = {A | M | O | U | I | Y, TENANT, false},
    [PERMISSION_RULE_PACK_READ] = {A | M | O | U | I | Y, TENANT, false},
    [PERMISSION_RULE_PACK_SIMULATE] = {A | U | I | Y, TENANT, false},
    [PERMISSION_RULE_PACK_UPLOAD] = {A | I | Y, TENANT, false},
    [PERMISSION_RULE_PACK_ACTIVATE] = {A | Y, TENANT, true},
    [PERMISSION_INCIDENT_PACK] = {A | M | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_RETENTION] = {A | Y, TENANT, true},
    [PERMISSION_INCIDENT_DISPOSE] = {A | Y, TENANT, true},
    [PERMISSION_INCIDENT_EXPORT] = {A | M | U | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_CREATE] = {A | O | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_RECORD] = {A | O | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_MOVE] = {A | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_REVOKE] = {A | O | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_REVOKE_APPROVE] = {A | I | Y, TENANT, true},
    [PERMISSION_INCIDENT_HOLD] = {A | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_BLOCK] = {A | O | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_UNBLOCK] = {A | I | Y, TENANT, true},
    [PERMISSION_INCIDENT_FREEZE] = {A | I | Y, TENANT, true},
    [PERMISSION_INCIDENT_UNFREEZE] = {A | I | Y, TENANT, true},
    [PERMISSION_INCIDENT_PUBLISH] = {A | I | Y, TENANT, false},
    [PERMISSION_ONCALL_READ] = {A | M | O | U | I | Y, TENANT, false},
    [PERMISSION_ONCALL_SET] = {A | I, TENANT, false},
    [PERMISSION_ONCALL_ACKNOWLEDGE] = {A | O | I | Y, TENANT, false},
    [PERMISSION_TRACKER_SET] = {A, TENANT, true},
    [PERMISSION_ALERT_SOURCE_READ] = {A | O | U | I | Y, TENANT, false},
    [PERMISSION_ALERT_SOURCE_EVIDENCE] = {A | I | Y, TENANT, false},
    [PERMISSION_ALERT_SOURCE_SET] = {A | I, TENANT, false},
    [PERMISSION_MAILBOX_READ] = {A | O | U | I | Y, TENANT, false},
    [PERMISSION_MAILBOX_EVIDENCE] = {A | I, TENANT, false},
    [PERMISSION_MAILBOX_SET] = {A | I, TENANT, false},
    [PERMISSION_NOTICE_CONTACT_READ] = {A | I | Y, TENANT, false},
    [PERMISSION_NOTICE_CONTACT_SET] = {A | I, TENANT, false},
    [PERMISSION_NOTICE_CREATE] = {A | O | I | Y, TENANT, false},
    [PERMISSION_NOTICE_APPROVE] = {A | I | Y, TENANT, false},
    [PERMISSION_NOTICE_REPORT] = {A | O | I, TENANT, false},
    [PERMISSION_NOTICE_WAIVE] = {A | I | Y, TENANT, true},
    [PERMISSION_INCIDENT_SIGN_SECURITY] = {Y, TENANT, true},
    [PERMISSION_INCIDENT_SIGN_OPERATIONS] = {A | M, TENANT, true},
    [PERMISSION_INCIDENT_ASSIGN] = {A | I | Y, TENANT, false},
    [PERMISSION_PLAYBOOK_READ] = {A | M | O | U | I | Y, TENANT, false},
    [PERMISSION_PLAYBOOK_SET] = {A | I | Y, TENANT, true},
    [PERMISSION_PLAYBOOK_SIMULATE] = {A | I | Y, TENANT, false},
    [PERMISSION_INCIDENT_ALERT] = {A | O | I, TENANT, false},
    [PERMISSION_INCIDENT_REPORT_READ] = {A | I, TENANT, false},
    [PERMISSION_ACME_DIRECTORY_READ] = {EVERYBODY, ANY, false},
    [PERMISSION_ACME_DIRECTORY_CREATE] = {A, TENANT, true},
    [PERMISSION_ACME_DIRECTORY_DISABLE] = {A | O | I | Y, TENANT, false},
    [PERMISSION_ACME_DIRECTORY_ENABLE] = {A, TENANT, true},
    [PERMISSION_ACME_EAB_READ] = {ASKERS | U | I | Y, ANY, false},
    [PERMISSION_ACME_EAB_CREATE] = {ASKERS, ANY, false},
    [PERMISSION_ACME_EAB_REVOKE] = {ASKERS | I | Y, ANY, false},
    [PERMISSION_ACME_ACCOUNT_READ] = {A | M | O | U | I | Y, OBJECT, false},
    [PERMISSION_ACME_ACCOUNT_DEACTIVATE] = {A | M | O | I | Y, OBJECT, false},
    [PERMISSION_RENEWAL_WINDOW_READ] = {A | O | U | I, TENANT, false},
    [PERMISSION_RENEWAL_WINDOW_CREATE] = {A | O | I, TENANT, false},
    [PERMISSION_RENEWAL_WINDOW_WITHDRAW] = {A | O | I, TENANT, false},
};

#undef TENANT
#undef OBJECT
#undef ANY

const char *access_builtin_name(size_t role)
{
    return role < ACCESS_BUILTIN_COUNT ? NAMES[role] : "";
}

void access_builtin_permissions(size_t role, struct permission_set *ret_permissions)
{
    struct permission_set set = {{0}};
    for (int i = 0; role < ACCESS_BUILTIN_COUNT && i < PERMISSION_COUNT; i++)
        if (RULES[i].holders >> role & 1)
            permission_set_add(&set, (enum permission)i);
    *ret_permissions = set;
}

bool access_builtin_find(struct cx_str name, struct permission_set *ret_permissions)
{
    for (size_t i = 0; i < ACCESS_BUILTIN_COUNT; i++) {
        if (!cx_str_is(name, NAMES[i]))
            continue;
        access_builtin_permissions(i, ret_permissions);
        return true;
    }
    return false;
}

enum access_reach access_permission_reach(enum permission permission)
{
    return (unsigned)permission < PERMISSION_COUNT ? RULES[permission].reach : ACCESS_REACH_TENANT;
}

bool access_permission_is_privileged(enum permission permission)
{
    return (unsigned)permission >= PERMISSION_COUNT || RULES[permission].privileged;
}

bool access_is_privileged(const struct permission_set *permissions)
{
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (permission_set_has(permissions, (enum permission)i) && RULES[i].privileged)
            return true;
    return false;
}

cx_err access_permission_from_name(struct cx_str name, enum permission *ret_permission)
{
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        if (cx_str_is(name, permission_name((enum permission)i))) {
            *ret_permission = (enum permission)i;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}
