/*
 * What a certificate will say, and the bytes of it. Pure functions: no clock, no keys, no I/O.
 *
 * struct pki_template is the typed request both sides work from: core stores it as the intent and
 * compares the issued certificate with it; keys builds the to-be-signed bytes from it. RFC 5280
 * §4.1.
 */
#pragma once
#include "base/clock.h"
#include "pki/profile.h"

/* One subtree of a nameConstraints extension, RFC 5280 §4.2.1.10. dns, email, uri: the base as text
 * ("example.org"; uri and email: a host or, with a leading '.', a domain); ip: address followed by
 * mask, 8 or 32 octets. */
struct pki_constraint {
    enum pki_name_kind kind;
    bool excluded;
    struct cx_bytes value;
};

enum { PKI_CONSTRAINTS_MAX = 64 };

/* What the builder needs to know of the issuer. Borrowed views. */
struct pki_issuer {
    struct cx_bytes
        subject_der; /* Name, copied byte for byte into the issuer field (RFC 5280 §6.1.4) */
    struct cx_bytes key_id;     /* the issuer's subjectKeyIdentifier → authorityKeyIdentifier */
    struct cx_bytes spki;       /* SubjectPublicKeyInfo */
    enum pki_key_type key_type; /* decides the signature algorithm: docs/formats/algorithms */
    struct cx_str
        status_url; /* base of CRL, OCSP and issuer certificate URLs, no trailing '/'; "" = none */
    struct cx_str issuer_ref; /* path element that names the issuer in those URLs ("iss_…") */
    uint32_t shard_count;     /* CRL shards, a power of two, 1 … 4096 */
    cx_time not_after_us;     /* a certificate never outlives its issuer */
    bool path_len_set; /* the issuer's own path length: below it no CA, or only shorter ones */
    int path_len;
    const struct pki_constraint *constraints; /* the issuer's own: names outside them are refused */
    size_t constraint_count;
};

struct pki_template {
    const struct pki_profile *profile;
    struct cx_bytes serial;              /* 1 … 20 octets, big endian, top bit clear, not zero */
    cx_time not_before_us, not_after_us; /* whole seconds */
    const struct pki_attribute *subject;
    size_t subject_count;
    const struct pki_name *names;
    size_t name_count;
    struct cx_bytes spki; /* SubjectPublicKeyInfo DER, canonical */
    /* CA kinds only. */
    bool path_len_set; /* overrides the profile's path length; never above it */
    int path_len;
    const struct pki_constraint *constraints;
    size_t constraint_count;
};

/*
 * Serial numbers carry their CRL shard, so that revoking is O(1) and a CRL never grows without
 * bound: octet 0 = 0x40 | (high bits of shard), octet 1 = low bits of shard. Then the time of making it in
 * microseconds (7 octets), by which keys tells a fresh number from one that was used before, and 72 random bits
 * (BR §7.1: at least 64 bits of CSPRNG output). docs/design/140-serial-numbers.md.
 */
enum { PKI_SERIAL_LEN = 18, PKI_SHARDS_MAX = 4096 };
void pki_serial_make(uint32_t shard, const uint8_t random[static 16],
                     uint8_t ret_serial[static PKI_SERIAL_LEN]);
/* Puts the time in place of the first 56 random bits. */
void pki_serial_stamp(uint8_t serial[static PKI_SERIAL_LEN], cx_time at_us);
/* CX_E_NOTFOUND for one that was not made here; numbers made before there were stamps give any time. */
cx_err pki_serial_time(struct cx_bytes serial, cx_time *ret_at_us);
/* CX_E_NOTFOUND for a serial that was not made here (imported certificates: shard 0 by convention).
 */
cx_err pki_serial_shard(struct cx_bytes serial, uint32_t *ret_shard);

/* subjectKeyIdentifier: the leftmost 160 bits of the SHA-256 of the subjectPublicKey bits (RFC 7093
 * §2, method 1). CX_E_PARSE when spki is not a SubjectPublicKeyInfo. */
enum { PKI_KEY_ID_LEN = 20 };
cx_err pki_key_id(struct cx_bytes spki, uint8_t ret_id[static PKI_KEY_ID_LEN]);

/* How far clocks of one installation may differ: a certificate may begin this much later than now. */
enum { PKI_SKEW_MAX_S = 300 };

/* Checks the template against its profile and issuer: every bound, every name. The diagnostic names
 * the field ("/names/2") and the rule ("name-wildcard-not-allowed"). now_us bounds notBefore on both
 * sides; only a CA's certificate may begin later than PKI_SKEW_MAX_S from now. */
cx_err pki_template_check(const struct pki_template *tmpl, const struct pki_issuer *issuer,
                          cx_time now_us, struct cx_diag *diag);

/* One name alone: its form, the profile's rules for names and the issuer's name constraints. Part of pki_template_check,
 * for protocols that learn the names before the key. */
cx_err pki_name_allowed(const struct pki_profile *profile, const struct pki_issuer *issuer,
                        const struct pki_name *name, const char *field, struct cx_diag *diag);

/* The to-be-signed bytes. Checks nothing that pki_template_check checks. */
cx_err pki_tbs_write(const struct pki_template *tmpl, const struct pki_issuer *issuer,
                     struct cx_buf *out);

/* Certificate ::= SEQUENCE { tbs, algorithm, BIT STRING signature }. */
cx_err pki_certificate_write(struct cx_bytes tbs, enum pki_key_type issuer_key,
                             struct cx_bytes signature, struct cx_buf *out);

/* A parsed certificate: own strict DER walk, views into der. Used to compare with the intent, to
 * list, to search and to lint. Refuses what RFC 5280 forbids in encoding; unknown extensions are
 * kept. */
struct pki_extension {
    struct cx_bytes oid; /* content octets of the OBJECT IDENTIFIER */
    bool critical;
    struct cx_bytes value; /* content of the OCTET STRING */
};

enum { PKI_EXTENSIONS_MAX = 32 };

struct pki_certificate {
    struct cx_bytes der, tbs;
    int version;            /* 1 … 3 */
    struct cx_bytes serial; /* content octets of the INTEGER, as encoded */
    struct cx_bytes signature_algorithm, tbs_signature_algorithm; /* AlgorithmIdentifier DER */
    struct cx_bytes issuer, subject;                              /* Name DER */
    cx_time not_before_us, not_after_us;
    struct cx_bytes spki; /* SubjectPublicKeyInfo DER */
    struct pki_extension extensions[PKI_EXTENSIONS_MAX];
    size_t extension_count;
    struct cx_bytes signature; /* BIT STRING content without the unused-bits octet */
};

enum { PKI_CERTIFICATE_MAX = 16384 };

cx_err pki_certificate_parse(struct cx_bytes der, struct cx_diag *diag,
                             struct pki_certificate *ret_certificate);

/* The extension with this OID (content octets); NULL when absent. */
const struct pki_extension *pki_certificate_extension(const struct pki_certificate *certificate,
                                                      struct cx_bytes oid);

/* Reads the certificate of a CA into what the builder needs: subject, key identifier, key, path
 * length and name constraints (in arena). status_url, issuer_ref and shard_count are left empty for
 * the caller. CX_E_POLICY when it is not a CA certificate or its key is of a kind that does not
 * sign here. */
cx_err pki_issuer_from_certificate(struct arena *arena, const struct pki_certificate *certificate,
                                   struct cx_diag *diag, struct pki_issuer *ret_issuer);

/* Compares an issued certificate with what was asked, field by field, by rebuilding the
 * to-be-signed bytes: CX_E_CONFLICT names the first field that differs. */
cx_err pki_certificate_matches(const struct pki_certificate *certificate,
                               const struct pki_template *tmpl, const struct pki_issuer *issuer,
                               struct cx_diag *diag);
