/* Object identifiers as DER content octets. One list: name, dotted form, octets. */
#pragma once
#include "base/bytes.h"

#define PKI_OID_LIST(X)                                                                            \
    X(AUTHORITY_KEY_ID, "2.5.29.35", "\x55\x1d\x23")                                               \
    X(SUBJECT_KEY_ID, "2.5.29.14", "\x55\x1d\x0e")                                                 \
    X(KEY_USAGE, "2.5.29.15", "\x55\x1d\x0f")                                                      \
    X(POLICIES, "2.5.29.32", "\x55\x1d\x20")                                                       \
    X(SUBJECT_ALT_NAME, "2.5.29.17", "\x55\x1d\x11")                                               \
    X(BASIC_CONSTRAINTS, "2.5.29.19", "\x55\x1d\x13")                                              \
    X(NAME_CONSTRAINTS, "2.5.29.30", "\x55\x1d\x1e")                                               \
    X(EXT_KEY_USAGE, "2.5.29.37", "\x55\x1d\x25")                                                  \
    X(CRL_DISTRIBUTION, "2.5.29.31", "\x55\x1d\x1f")                                               \
    X(CRL_NUMBER, "2.5.29.20", "\x55\x1d\x14")                                                     \
    X(CRL_REASON, "2.5.29.21", "\x55\x1d\x15")                                                     \
    X(ISSUING_DISTRIBUTION, "2.5.29.28", "\x55\x1d\x1c")                                           \
    X(AUTHORITY_INFO, "1.3.6.1.5.5.7.1.1", "\x2b\x06\x01\x05\x05\x07\x01\x01")                     \
    X(TLS_FEATURE, "1.3.6.1.5.5.7.1.24", "\x2b\x06\x01\x05\x05\x07\x01\x18")                       \
    X(OCSP, "1.3.6.1.5.5.7.48.1", "\x2b\x06\x01\x05\x05\x07\x30\x01")                              \
    X(OCSP_BASIC, "1.3.6.1.5.5.7.48.1.1", "\x2b\x06\x01\x05\x05\x07\x30\x01\x01")                  \
    X(OCSP_NONCE, "1.3.6.1.5.5.7.48.1.2", "\x2b\x06\x01\x05\x05\x07\x30\x01\x02")                  \
    X(OCSP_NOCHECK, "1.3.6.1.5.5.7.48.1.5", "\x2b\x06\x01\x05\x05\x07\x30\x01\x05")                \
    X(CA_ISSUERS, "1.3.6.1.5.5.7.48.2", "\x2b\x06\x01\x05\x05\x07\x30\x02")                        \
    X(COMMON_NAME, "2.5.4.3", "\x55\x04\x03")                                                      \
    X(COUNTRY, "2.5.4.6", "\x55\x04\x06")                                                          \
    X(STATE, "2.5.4.8", "\x55\x04\x08")                                                            \
    X(LOCALITY, "2.5.4.7", "\x55\x04\x07")                                                         \
    X(ORGANIZATION, "2.5.4.10", "\x55\x04\x0a")                                                    \
    X(ORGANIZATIONAL_UNIT, "2.5.4.11", "\x55\x04\x0b")                                             \
    X(SERIAL_NUMBER, "2.5.4.5", "\x55\x04\x05")                                                    \
    X(EMAIL, "1.2.840.113549.1.9.1", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")                       \
    X(EXTENSION_REQUEST, "1.2.840.113549.1.9.14", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e")          \
    X(CHALLENGE_PASSWORD, "1.2.840.113549.1.9.7", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07")          \
    X(SIGNED_DATA, "1.2.840.113549.1.7.2", "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")                 \
    X(PKCS7_DATA, "1.2.840.113549.1.7.1", "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")                  \
    X(SHA1, "1.3.14.3.2.26", "\x2b\x0e\x03\x02\x1a")                                               \
    X(SHA256, "2.16.840.1.101.3.4.2.1", "\x60\x86\x48\x01\x65\x03\x04\x02\x01")

enum pki_oid {
#define PKI_OID_ENUM(name, dotted, octets) PKI_OID_##name,
    PKI_OID_LIST(PKI_OID_ENUM)
#undef PKI_OID_ENUM
        PKI_OID_COUNT
};

/* Content octets, static. */
struct cx_bytes pki_oid(enum pki_oid oid);
const char *pki_oid_dotted(enum pki_oid oid);
static inline bool pki_oid_is(struct cx_bytes content, enum pki_oid oid)
{
    return cx_bytes_eq(content, pki_oid(oid));
}
