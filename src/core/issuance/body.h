/*
 * The body of a request or an intent: subject, names and public key, as they will stand in the
 * certificate. Stored sealed in request.body and intent.body, because subjects and e-mail names are
 * personal data.
 *
 * Format, integers little-endian: u8 version (1) · u8 count, then {u8 pki_attribute_type, u16 length, text} ·
 * u8 count, then {u8 pki_name_kind, u16 length, bytes} · u16 length, SubjectPublicKeyInfo (empty while a
 * server-side key is not made yet). Trailing bytes are refused. Views point into the bytes read.
 */
#pragma once
#include "base/arena.h"
#include "pki/profile.h"

enum { ISSUANCE_BODY_VERSION = 1, ISSUANCE_VALUE_MAX = 2048, ISSUANCE_BODY_MAX = 256 * 1024 };

struct issuance_body {
    const struct pki_attribute *subject;
    size_t subject_count; /* at most PKI_ATTRIBUTES_MAX */
    const struct pki_name *names;
    size_t name_count; /* at most PKI_NAMES_MAX */
    struct cx_bytes spki;
};

/* CX_E_LIMIT beyond the maxima above. */
cx_err issuance_body_write(const struct issuance_body *body, struct arena *arena,
                           struct cx_bytes *ret_bytes);
cx_err issuance_body_parse(struct cx_bytes bytes, struct arena *arena,
                           struct issuance_body *ret_body);
