/*
 * Core's side of the outbound process: what leaves the house, one function a request.
 * Thread-safe; each call blocks its thread until the answer or the time limit. CX_E_BUSY: outbound is
 * restarting or full, or this source has its share of the workers: nothing was done, ask again later.
 * CX_E_IO: no answer came.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"

struct outbound_client;

/* Takes ownership of fd (-1: connected later). Make it inside the sandbox: it starts a thread. */
cx_err outbound_client_new(int fd, struct outbound_client **ret_client);
/* The supervisor passed a fresh channel, because outbound was started again. Takes ownership of fd. */
void outbound_client_reconnect(struct outbound_client *client, int fd);
void outbound_client_free(struct outbound_client *client);

cx_err outbound_ping(struct outbound_client *client);

enum { OUTBOUND_URL_MAX = 2048, OUTBOUND_BODY_MAX = 1048576, OUTBOUND_TIMEOUT_MAX_MS = 60000 };
/* GET of one URL under the rules of outbound/fetch.h. The body replaces the content of ret_body. */
cx_err outbound_fetch(struct outbound_client *client, struct cx_str url, uint32_t body_max,
                      uint32_t timeout_ms, struct cx_diag *diag, uint16_t *ret_status,
                      struct cx_buf *ret_body);

/* What a tenant configured, such as an identity provider: https, no redirect, the provider's own roots. */
struct outbound_exchange {
    struct cx_str url;
    bool post;
    struct cx_bytes form;        /* at most OUTBOUND_FORM_MAX octets */
    struct cx_str authorization; /* "" = none */
    struct cx_bytes ca_pem;      /* empty: the roots of this host */
    uint32_t body_max, timeout_ms;
};
enum { OUTBOUND_FORM_MAX = 16384, OUTBOUND_CA_MAX = 65536 };
/* As outbound_fetch. */
cx_err outbound_exchange(struct outbound_client *client, const struct outbound_exchange *exchange,
                         struct cx_diag *diag, uint16_t *ret_status, struct cx_buf *ret_body);

/* ---- mail and webhooks ---- */

/* Order is part of the IPC format: append only. */
enum outbound_letter_outcome {
    OUTBOUND_LETTER_SENT,    /* the relay has taken it over */
    OUTBOUND_LETTER_REFUSED, /* for good: this recipient, or this letter */
    OUTBOUND_LETTER_LATER,   /* not now, says the relay */
    OUTBOUND_LETTER_AWAY,    /* the relay cannot be used, or was not asked */
};
enum {
    OUTBOUND_LETTERS_MAX = 32,
    OUTBOUND_LETTER_MAX = 131072,
    OUTBOUND_ADDRESS_MAX = 254,
    OUTBOUND_REPLY_MAX = 200
};
struct outbound_letter {
    struct cx_id
        id; /* asked for again, it is sent once, as long as outbound lives (outbound/mail.h) */
    struct cx_str address;
    struct cx_bytes message; /* RFC 5322, CR LF line ends, lines of at most 998 octets */
};
struct outbound_letter_result {
    enum outbound_letter_outcome outcome;
    uint16_t code; /* of the relay; 0: none */
    char reply[OUTBOUND_REPLY_MAX + 1];
};
/* results has room for count (at most OUTBOUND_LETTERS_MAX). An error means that nothing is known. */
cx_err outbound_mail(struct outbound_client *client, const struct outbound_letter *letters,
                     size_t count, uint32_t timeout_ms, struct cx_diag *diag,
                     struct outbound_letter_result *results);

/* ---- reading a mailbox ---- */

enum { OUTBOUND_MAILS_MAX = 8 };
struct outbound_mailbox {
    struct cx_str host, user, password;
    uint16_t port;
    struct cx_bytes ca_pem;           /* empty: the roots of this host */
    struct cx_str folder;             /* at most 100 octets */
    uint32_t uid_validity, after_uid; /* what was read last; 0: nothing yet */
    uint32_t timeout_ms;
};
/* What outbound/message.h says of each; texts are in the arena of the call. */
struct outbound_received {
    uint32_t uid;
    struct cx_str message_id, sender, subject, text;
    bool automatic, cut;
    struct cx_bytes raw;
};
struct outbound_mailbox_page {
    uint32_t uid_validity;
    bool more;
    struct outbound_received mails[OUTBOUND_MAILS_MAX];
    size_t count;
};
/* CX_E_POLICY (address), CX_E_AUTH (user, password, folder), CX_E_IO: the diagnostic says why. */
cx_err outbound_mailbox_read(struct outbound_client *client, const struct outbound_mailbox *mailbox,
                             struct arena *arena, struct cx_diag *diag,
                             struct outbound_mailbox_page *ret_page);

/* A POST of JSON: https, no redirect, public addresses and those of outbound_allow_networks. */
struct outbound_hook {
    struct cx_str url;
    struct cx_bytes body;    /* at most OUTBOUND_LETTER_MAX octets */
    struct cx_str signature; /* header CertiNext-Signature */
    struct cx_bytes ca_pem;  /* empty: the roots of this host */
    uint32_t timeout_ms;
};
cx_err outbound_hook(struct outbound_client *client, const struct outbound_hook *hook,
                     struct cx_diag *diag, uint16_t *ret_status);

/* ---- trackers ---- */

/* Order is part of the IPC format: append only. */
enum outbound_tracker_method { OUTBOUND_TRACKER_GET, OUTBOUND_TRACKER_POST, OUTBOUND_TRACKER_PUT };
enum { OUTBOUND_TRACKER_BODY_MAX = 4194304, OUTBOUND_TRACKER_KEY_MAX = 256 };
/* One request to the REST interface of a Bugzilla: https, no redirect, public addresses and those of
 * outbound_allow_networks. */
struct outbound_tracker {
    enum outbound_tracker_method method;
    struct cx_str url;
    struct cx_bytes body;  /* JSON */
    struct cx_str api_key; /* secret; "" = none */
    struct cx_bytes ca_pem;
    uint32_t timeout_ms;
};
/* As outbound_fetch; the answer has at most OUTBOUND_BODY_MAX octets. */
cx_err outbound_tracker(struct outbound_client *client, const struct outbound_tracker *tracker,
                        struct cx_diag *diag, uint16_t *ret_status, struct cx_buf *ret_body);

/* ---- domain validation (docs/design/050-domain-validation.md) ---- */

enum outbound_challenge {
    OUTBOUND_HTTP_01,        /* RFC 8555 §8.3 */
    OUTBOUND_DNS_01,         /* RFC 8555 §8.4 */
    OUTBOUND_DNS_ACCOUNT_01, /* draft-ietf-acme-dns-account-label */
    OUTBOUND_TLS_ALPN_01,    /* RFC 8737 */
    OUTBOUND_CHALLENGE_COUNT
};

/* What went wrong, in the words of RFC 8555 §6.7. Order is part of the IPC format: append only. */
enum outbound_problem {
    OUTBOUND_VALID,
    OUTBOUND_CONNECTION,          /* connection: the host could not be reached */
    OUTBOUND_DNS,                 /* dns: no usable or no trustworthy DNS answer */
    OUTBOUND_UNAUTHORIZED,        /* unauthorized: what was found proves nothing */
    OUTBOUND_TLS,                 /* tls: the handshake failed */
    OUTBOUND_CAA,                 /* caa: a CAA record forbids it */
    OUTBOUND_INCORRECT_RESPONSE,  /* incorrectResponse: found, but with another value */
    OUTBOUND_REJECTED_IDENTIFIER, /* rejectedIdentifier: its address may not be reached by policy */
    OUTBOUND_PROBLEM_COUNT
};
/* The last part of the ACME error URN ("connection" …); "" for OUTBOUND_VALID. Never NULL. */
const char *outbound_problem_name(enum outbound_problem problem);

enum {
    OUTBOUND_NAME_MAX = 253,
    OUTBOUND_TOKEN_MAX = 128,
    OUTBOUND_KEY_AUTHORIZATION_MAX = 256,
    OUTBOUND_ACCOUNT_URL_MAX = 512,
    OUTBOUND_ISSUERS_MAX = 16,
    OUTBOUND_PERSPECTIVES_MAX = 8
};

struct outbound_validation {
    struct cx_id source_id; /* whose request it is (an account): nobody gets more than a share */
    enum outbound_challenge kind;
    /* A DNS name in lower-case A-labels, without "*." and trailing dot; or an IP address in the one
     * form that RFC 5952 (IPv6) or dotted decimals give. Anything else is CX_E_PARSE: there is no
     * name whose last label is a number. */
    struct cx_str name;
    bool is_ip;
    struct cx_str token;             /* base64url, as in the challenge */
    struct cx_str key_authorization; /* token "." base64url(SHA-256(JWK)); public */
    struct cx_str account_url;       /* dns-account-01: the "kid"; else "" */
    uint32_t timeout_ms;             /* of the whole; 1 … OUTBOUND_TIMEOUT_MAX_MS */
};

/* RFC 8659; RFC 8657 for account_uri and method. */
struct outbound_caa {
    struct cx_id source_id;
    struct cx_str name; /* a DNS name, as above: without the "*." of a wildcard */
    bool wildcard;
    const struct cx_str *issuers; /* domain names that identify this CA; at least one */
    size_t issuer_count;
    struct cx_str account_uri; /* "" = none: a record that asks for one then does not match */
    struct cx_str method;      /* "dns-01" …; "" = none, likewise */
    uint32_t timeout_ms;
};

struct outbound_observation {
    struct cx_str perspective;
    enum outbound_problem problem;
    struct cx_str text;      /* names what was seen, fit for a problem document */
    struct cx_str addresses; /* those tried, in order, separated by blanks; "" = none */
    bool secure;             /* every DNS answer that decided was proven by DNSSEC */
    uint32_t elapsed_ms;
};

struct outbound_verdict {
    enum outbound_problem problem; /* OUTBOUND_VALID: enough perspectives agree */
    struct cx_str text; /* "" when valid; else the deciding observation's, with its perspective */
    const struct outbound_observation *observations; /* one a perspective, in configured order */
    size_t observation_count;
};

/*
 * A refusal is CX_OK with the problem in ret_verdict, whose text and lists are in arena. An error means
 * that nothing is known: CX_E_PARSE (the request itself: field and rule in diag), CX_E_BUSY, CX_E_IO,
 * CX_E_LIMIT (arena), CX_E_NOMEM.
 */
cx_err outbound_validate(struct outbound_client *client, const struct outbound_validation *request,
                         struct arena *arena, struct cx_diag *diag,
                         struct outbound_verdict *ret_verdict);
/* OUTBOUND_VALID: no CAA record forbids it. OUTBOUND_CAA: one does. OUTBOUND_DNS: not known. */
cx_err outbound_check_caa(struct outbound_client *client, const struct outbound_caa *request,
                          struct arena *arena, struct cx_diag *diag,
                          struct outbound_verdict *ret_verdict);
