#include "pki/lint/signature.h"
#include "codec/der.h"

/* PKCS #1 v1.5 (1.2.840.113549.1.1.n), ECDSA (1.2.840.10045.4.n) and Ed25519: prefixes of the OID's
 * content. */
#define PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA "\x2a\x86\x48\xce\x3d\x04"
#define ENTRY(octets)                                                                              \
    {                                                                                              \
        (const uint8_t *)(octets), sizeof(octets) - 1                                              \
    }

static const struct cx_bytes ALLOWED_PKCS1[] = {ENTRY(PKCS1 "\x0b"), ENTRY(PKCS1 "\x0c"),
                                                ENTRY(PKCS1 "\x0d")};
static const struct cx_bytes ALLOWED_ECDSA[] = {ENTRY(ECDSA "\x03\x02"), ENTRY(ECDSA "\x03\x03"),
                                                ENTRY(ECDSA "\x03\x04")};
static const struct cx_bytes PSS = ENTRY(PKCS1 "\x0a");
static const struct cx_bytes ED25519 = ENTRY("\x2b\x65\x70");

/* RSASSA-PSS with MGF1 over the same hash and a salt of its length: the three encodings of BR
 * §7.1.3.2.1. */
#define PSS_PARAMETERS(hash, salt)                                                                 \
    "\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" hash                        \
    "\x05\x00\xa1\x1c\x30\x1a\x06\x09" PKCS1                                                       \
    "\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" hash "\x05\x00\xa2\x03\x02\x01" salt
static const struct cx_bytes PSS_ALLOWED[] = {ENTRY(PSS_PARAMETERS("\x01", "\x20")),
                                              ENTRY(PSS_PARAMETERS("\x02", "\x30")),
                                              ENTRY(PSS_PARAMETERS("\x03", "\x40"))};

static bool is_one_of(struct cx_bytes bytes, const struct cx_bytes *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cx_bytes_eq(bytes, list[i]))
            return true;
    }
    return false;
}

static bool starts(struct cx_bytes bytes, const char *prefix, size_t len)
{
    return bytes.len > len && cx_bytes_eq(CX_BYTES(bytes.ptr, len), CX_BYTES(prefix, len));
}

enum lint_signature_kind lint_signature_kind(struct cx_bytes algorithm)
{
    struct der_reader reader;
    struct cx_bytes oid;
    if (cx_failed(der_enter_only(algorithm, DER_SEQUENCE, &reader)) ||
        cx_failed(der_read_oid(&reader, &oid)))
        return LINT_SIGNATURE_MALFORMED;
    struct cx_bytes parameters = reader.rest;
    if (cx_bytes_eq(oid, PSS))
        return is_one_of(parameters, PSS_ALLOWED, 3) ? LINT_SIGNATURE_ALLOWED
                                                     : LINT_SIGNATURE_OTHER;
    if (starts(oid, PKCS1, sizeof(PKCS1) - 1)) { /* RFC 4055 §5: NULL */
        if (!cx_bytes_eq(parameters, CX_BYTES("\x05\x00", 2)))
            return LINT_SIGNATURE_MALFORMED;
        return is_one_of(oid, ALLOWED_PKCS1, 3) ? LINT_SIGNATURE_ALLOWED : LINT_SIGNATURE_OTHER;
    }
    /* RFC 5758 §3.2, RFC 8410 §3: absent */
    if (starts(oid, ECDSA, sizeof(ECDSA) - 1) || cx_bytes_eq(oid, ED25519)) {
        if (parameters.len != 0)
            return LINT_SIGNATURE_MALFORMED;
        return is_one_of(oid, ALLOWED_ECDSA, 3) ? LINT_SIGNATURE_ALLOWED : LINT_SIGNATURE_OTHER;
    }
    return LINT_SIGNATURE_OTHER;
}
