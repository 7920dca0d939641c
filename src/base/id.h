/*
 * Identifiers: 128 bits, random or time-led, printed as a type prefix and 26 characters of lower-case base32
 * (Crockford alphabet, so no i, l, o, u): "crt_01h8…". The prefix is not stored; it is checked on parse,
 * so an identifier of one type is never taken for another.
 */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"

struct cx_id {
    uint8_t b[16];
};

/* type, prefix. One list, so that a prefix cannot be used twice. */
#define CX_ID_LIST(X)                                                                              \
    X(TENANT, "ten")                                                                               \
    X(USER, "usr")                                                                                 \
    X(TOKEN, "tok")                                                                                \
    X(LINK, "lnk")                                                                                 \
    X(ISSUER, "iss")                                                                               \
    X(PROFILE, "prf")                                                                              \
    X(REQUEST, "req")                                                                              \
    X(CERTIFICATE, "crt")                                                                          \
    X(INTENT, "int")                                                                               \
    X(AUDIT, "aud")                                                                                \
    X(KEY, "key")                                                                                  \
    X(CALL, "cal") /* one API call: X-Request-Id, correlation of audit entries */                  \
    X(GROUP, "grp")                                                                                \
    X(BINDING, "bnd")                                                                              \
    X(RULE, "rul")                                                                                 \
    X(DELEGATION, "dlg")                                                                           \
    X(PROPOSAL, "prp")                                                                             \
    X(INCIDENT, "inc")                                                                             \
    X(REPORT, "rpt")                                                                               \
    X(SCOPE, "scp")                                                                                \
    X(PUBLICATION, "pub")                                                                          \
    X(PACK, "pck")                                                                                 \
    X(BLOCK, "blk")                                                                                \
    X(MASS_REVOCATION, "mrv")                                                                      \
    X(HOLD, "hld")                                                                                 \
    X(ALERT_SOURCE, "als")                                                                         \
    X(ALERT_DELIVERY, "ald")                                                                       \
    X(MAILBOX, "mbx")                                                                              \
    X(MAIL, "mbm")                                                                                 \
    X(SELF_TEST, "mst")                                                                            \
    X(NOTICE, "ntc")                                                                               \
    X(NOTICE_CONTACT, "nco")                                                                       \
    X(NOTICE_RECIPIENT, "nrc")                                                                     \
    X(NOTICE_DELIVERY, "ndl")                                                                      \
    X(NOTICE_WAIVER, "nwv")                                                                        \
    X(LETTER, "ltr")                                                                               \
    X(ROSTER, "ros")                                                                               \
    X(ROSTER_OVERRIDE, "rov")                                                                      \
    X(PAGE, "pag")                                                                                 \
    X(PAGE_LETTER, "pgl")                                                                          \
    X(FREEZE, "frz")                                                                               \
    X(TRACKER_POST, "tpo")                                                                         \
    X(ACME_DIRECTORY, "acd")                                                                       \
    X(ACME_EAB, "ace")                                                                             \
    X(ACME_ACCOUNT, "aca")                                                                         \
    X(ACME_ORDER, "aco")                                                                           \
    X(ACME_AUTHORIZATION, "acz")                                                                   \
    X(RENEWAL_WINDOW, "rnw")                                                                       \
    X(REVIEW, "rvw")                                                                               \
    X(SESSION, "ses")                                                                              \
    X(PASSKEY, "psk")                                                                              \
    X(OIDC_PROVIDER, "oip")                                                                        \
    X(OIDC_IDENTITY, "oid")                                                                        \
    X(CLIENT_CA, "cca")                                                                            \
    X(CLIENT_CERTIFICATE, "ccr")

enum cx_id_type {
#define CX_ID_ENUM(name, prefix) CX_ID_##name,
    CX_ID_LIST(CX_ID_ENUM)
#undef CX_ID_ENUM
        CX_ID_COUNT
};

enum { CX_ID_TEXT_MAX = 32 };

cx_err cx_id_new(struct cx_rng *rng, struct cx_id *ret_id);
/*
 * For rows that are made all the time (requests, intents, certificates, audit entries): the first 48 bits are
 * the time in milliseconds, 80 bits are random, as UUIDv7 of RFC 9562 §5.7 has it. Rows of one moment then lie
 * together in every index that the identifier leads; docs/design/040-time-ordered-ids.md has the figures. Not
 * for identifiers whose time of making is nobody's business.
 */
cx_err cx_id_new_at(struct cx_rng *rng, cx_time now_us, struct cx_id *ret_id);
bool cx_id_eq(struct cx_id a, struct cx_id b);
bool cx_id_is_zero(struct cx_id id);
void cx_id_format(enum cx_id_type type, struct cx_id id, char ret_text[static CX_ID_TEXT_MAX]);
/* CX_E_PARSE on another prefix, length or alphabet; exactly one spelling is accepted. */
cx_err cx_id_parse(enum cx_id_type type, struct cx_str text, struct cx_id *ret_id);
const char *cx_id_prefix(enum cx_id_type type);

static inline struct cx_bytes cx_id_bytes(const struct cx_id *id)
{
    return CX_BYTES(id->b, sizeof(id->b));
}
