/*
 * ACME (RFC 8555): what its parts share. A signed request is opened by acme_open (call.c), which checks form, URL, nonce,
 * account and signature, makes a principal of the user that the account acts for, and asks authorise() for the
 * operation's permission; the handler decides and writes through acme_commit, which uses the nonce up in the same
 * transaction; acme_close turns a refusal into ACME's own problem document and adds the next nonce.
 *
 * Everything of a call lives in the request's arena and belongs to its thread.
 */
#pragma once
#include "api_types.h"
#include "codec/jws.h"
#include "core/api/api.h"
#include "core/api/contract.h"
#include "pki/profile.h"

enum acme_challenge {
    ACME_HTTP_01,
    ACME_DNS_01,
    ACME_DNS_ACCOUNT_01,
    ACME_TLS_ALPN_01,
    /* device-attest-01 (draft-ietf-acme-device-attest) comes here, with identifiers permanent-identifier and hardware-module
     * (identifier.c) and its own way into validate.c: the statement is in the client's response, nothing is fetched. */
    ACME_CHALLENGE_COUNT
};
const char *acme_challenge_name(enum acme_challenge challenge);
bool acme_challenge_from_name(struct cx_str name, enum acme_challenge *ret_challenge);

enum {
    ACME_IDENTIFIERS_MAX = PKI_NAMES_MAX,
    ACME_ORDER_LIFE_S = 7 * 86400,
    ACME_PROFILES_MAX = 16,
    ACME_DOMAINS_MAX = 64,
    ACME_CONTACTS_MAX = 8,
    ACME_NONCE_LIFE_S = 900,
    ACME_POLL_S = 2,             /* Retry-After while something is validated or issued */
    ACME_APPROVAL_POLL_S = 60,   /* the same while people decide */
    ACME_ANSWER_MAX = 256 * 1024 /* JSON of one answer */
};

struct acme_directory {
    struct cx_id tenant_id, directory_id, issuer_id;
    struct cx_str name;
    bool active;
    struct cx_str profiles[ACME_PROFILES_MAX]; /* the default first */
    size_t profile_count;
    struct cx_id user_id; /* zero: every account needs external binding */
    uint32_t challenges;  /* bit set of 1 << enum acme_challenge */
    struct cx_str caa_identity, terms_url;
    int64_t reuse_s; /* a valid authorization serves further orders for so long */
    int64_t account_limit, account_window_s, name_limit, name_window_s; /* 0: no limit */
    cx_time created_us;
};

/* What an external account binding allows. */
struct acme_scope {
    struct cx_id eab_id;   /* zero: none */
    struct cx_id group_id; /* acts as a member of this group alone; zero: not so */
    struct cx_str profile; /* "": any of the directory */
    struct cx_str domains[ACME_DOMAINS_MAX];
    size_t domain_count; /* 0: any */
    bool trusted;        /* names within the domains need no challenge */
    bool revoked;
};

enum acme_account_state {
    ACME_ACCOUNT_VALID,
    ACME_ACCOUNT_DEACTIVATED, /* by its client */
    ACME_ACCOUNT_REVOKED,     /* by us: RFC 8555 §7.1.2 */
    ACME_ACCOUNT_STATE_COUNT
};
const char *acme_account_state_name(enum acme_account_state state);

struct acme_account {
    struct cx_id account_id, directory_id, user_id;
    enum acme_account_state state;
    struct cx_bytes spki, thumbprint;
    struct cx_sealed contact;
    struct acme_scope scope;
    cx_time terms_us, created_us;
};

/* RFC 8555 §6.7 and the documents that add to it. */
enum acme_error {
    ACME_ACCOUNT_DOES_NOT_EXIST,
    ACME_ALREADY_REPLACED, /* RFC 9773 §7.4 */
    ACME_ALREADY_REVOKED,
    ACME_BAD_CSR,
    ACME_BAD_NONCE,
    ACME_BAD_PUBLIC_KEY,
    ACME_BAD_REVOCATION_REASON,
    ACME_BAD_SIGNATURE_ALGORITHM,
    ACME_CAA,
    ACME_CONFLICT, /* 409 of key rollover; type "malformed" */
    ACME_EXTERNAL_ACCOUNT_REQUIRED,
    ACME_INVALID_CONTACT,
    ACME_INVALID_PROFILE, /* draft-ietf-acme-profiles */
    ACME_MALFORMED,
    ACME_NOT_FOUND, /* 404; type "malformed" */
    ACME_ORDER_NOT_READY,
    ACME_RATE_LIMITED,
    ACME_REJECTED_IDENTIFIER,
    ACME_SERVER_INTERNAL,
    ACME_UNAUTHORIZED,         /* 403 */
    ACME_UNAUTHORIZED_ACCOUNT, /* 401: the account may not act any more */
    ACME_UNSUPPORTED_CONTACT,
    ACME_UNSUPPORTED_IDENTIFIER,
    ACME_USER_ACTION_REQUIRED,
    ACME_ERROR_COUNT
};
const char *acme_error_type(enum acme_error error);

/* One identifier's part in a refusal. */
struct acme_subproblem {
    enum acme_error error;
    struct pki_name name;
    char text[DIAG_TEXT_MAX];
};

struct acme_call {
    struct api_request *request;
    struct api_raw *raw;
    struct acme_directory directory;
    struct cx_str url; /* of this request */
    struct jws jws;
    struct cx_bytes spki, thumbprint; /* of the key that signed */
    struct acme_account account;      /* when the request names one */
    struct cx_bytes nonce;            /* decoded */
    bool nonce_used;                  /* by this call's transaction */
    /* the refusal */
    bool refused;
    enum acme_error error;
    int64_t retry_after_s;
    const struct acme_subproblem *subproblems;
    size_t subproblem_count;
};

enum acme_signer {
    ACME_BY_ACCOUNT, /* "kid" */
    ACME_BY_KEY,     /* "jwk": newAccount */
    ACME_BY_EITHER,  /* revokeCert */
};

/* Opens a signed request. With a "kid" the account is loaded and permission asked for; with a "jwk" the key alone is
 * known. Fills raw on its own only through acme_close, which every handler ends with. */
cx_err acme_open(struct acme_call *call, struct api_request *request, struct cx_id directory_id,
                 struct cx_bytes body, enum acme_signer signer, enum permission permission,
                 struct api_raw *raw);
/* Unsigned requests: the directory alone. */
cx_err acme_open_public(struct acme_call *call, struct api_request *request,
                        struct cx_id directory_id, struct api_raw *raw);
/* Whom an account acts for. */
struct acme_acting {
    struct cx_id user_id;
    struct cx_id group_id; /* as a member of this group alone; zero: with all their rights */
};
/* Inside a closure: request->principal becomes that person, with the rights of now, where they are active
 * (*ret_active); whoever verified the signature makes it authenticated. permission is what api_commit asks again when rights change meanwhile. */
cx_err acme_principal_load(struct store_tx *tx, struct acme_call *call, struct acme_acting acting,
                           enum permission permission, bool *ret_active);
/* Makes it authenticated and asks authorise(). */
cx_err acme_principal_authorise(struct acme_call *call, enum permission permission);
/* Ends a handler: a failure becomes a problem document, and the next nonce is added. */
cx_err acme_close(struct acme_call *call, cx_err err);

/* Refuses: the diagnostic's text (field and rule too) goes into the problem document. Returns CX_E_POLICY. */
cx_err acme_refuse(struct acme_call *call, enum acme_error error, const char *rule,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for a refusal that a callee has put into the diagnostic; what is no refusal (store, memory) passes as it is. */
cx_err acme_refuse_as(struct acme_call *call, enum acme_error error, cx_err err);
/* The same for an object that could not be read (codec/jws.h): algorithm, key or form. */
cx_err acme_refuse_jws(struct acme_call *call, cx_err err);
/* Inside a store closure, which may run again. */
void acme_forget_refusal(struct acme_call *call);

/* api_commit with the nonce used up in the same transaction: CX_E_POLICY with badNonce when it was used before. */
cx_err acme_commit(struct acme_call *call, struct audit_event *event, store_fn fn, void *arg);
/* The nonce alone, ahead of a change whose transaction is another domain's. */
cx_err acme_spend_nonce(struct acme_call *call);

/* The payload as an object. Unknown members are ignored (RFC 8555 §6.4 via §7: clients may send what is defined later). */
cx_err acme_payload(struct acme_call *call, json_t **ret_root);
/* POST-as-GET, RFC 8555 §6.3: an empty payload. */
static inline bool acme_is_get(const struct acme_call *call)
{
    return call->jws.payload.len == 0;
}
cx_err acme_require_get(struct acme_call *call);

/* https://…/acme/<directory>/<rest>, in arena. */
cx_err acme_url(const struct acme_call *call, struct cx_str *ret_url, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
cx_err acme_account_url(const struct acme_call *call, struct cx_id account_id,
                        struct cx_str *ret_url);

/* ---- answers ---- */

cx_err acme_header(struct acme_call *call, const char *name, struct cx_str value);
cx_err acme_retry_after(struct acme_call *call, int64_t seconds);
/* Link: <url>;rel="rel" */
cx_err acme_link(struct acme_call *call, struct cx_str url, const char *rel);
/* body is copied into the arena; status 0: the operation's own. */
cx_err acme_answer_json(struct acme_call *call, uint16_t status, const struct cx_buf *body);
