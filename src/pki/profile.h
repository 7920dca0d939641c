/*
 * Certificate profiles: versioned data that says what a certificate of that kind may contain. The
 * same file text (YAML) is read by core, to decide and explain, and by the keys process, which
 * holds its own copy and re-checks every bound before it signs. RFC 5280 §4; CA/B Forum TLS
 * BR 2.2.6 §7.1.
 *
 * A profile is immutable once installed: a change is a new version. The word "profile" is used for
 * it everywhere; in JSON the field is called "certificate_profile" (a widespread WAF rule blocks
 * "profile").
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

enum pki_kind {
    PKI_KIND_SERVER_TLS,
    PKI_KIND_CLIENT_TLS,
    PKI_KIND_MUTUAL_TLS,
    PKI_KIND_SMIME,
    PKI_KIND_CODE_SIGNING,
    PKI_KIND_OCSP_SIGNER,
    PKI_KIND_SUB_CA,
    PKI_KIND_ROOT_CA,
    PKI_KIND_COUNT
};

enum pki_trust { PKI_TRUST_PRIVATE, PKI_TRUST_PUBLIC };

enum pki_key_type {
    PKI_KEY_P256,
    PKI_KEY_P384,
    PKI_KEY_RSA2048,
    PKI_KEY_RSA3072,
    PKI_KEY_RSA4096,
    PKI_KEY_ED25519,
    PKI_KEY_COUNT
};

enum pki_name_kind { PKI_NAME_DNS, PKI_NAME_IP, PKI_NAME_EMAIL, PKI_NAME_URI, PKI_NAME_COUNT };

/* Subject attributes that a request may carry (RFC 5280 §4.1.2.4; upper bounds from its appendix
 * A). */
enum pki_attribute_type {
    PKI_ATTR_COMMON_NAME,
    PKI_ATTR_COUNTRY,
    PKI_ATTR_STATE,
    PKI_ATTR_LOCALITY,
    PKI_ATTR_ORGANIZATION,
    PKI_ATTR_ORGANIZATIONAL_UNIT,
    PKI_ATTR_SERIAL_NUMBER,
    PKI_ATTR_EMAIL,
    PKI_ATTR_COUNT
};

enum { PKI_NAMES_MAX = 100, PKI_ATTRIBUTES_MAX = 16, PKI_SERIAL_MAX = 20, PKI_SPKI_MAX = 1024 };

struct pki_attribute {
    enum pki_attribute_type type;
    struct cx_str value;
};

/* A subject alternative name. dns, email, uri: text, dns in lower-case A-label form. ip: 4 or 16
 * bytes. */
struct pki_name {
    enum pki_name_kind kind;
    struct cx_bytes value;
};

struct pki_profile {
    struct cx_str name; /* [a-z0-9-]{1,64} */
    uint32_t version;   /* from 1 */
    struct cx_str title;
    enum pki_kind kind;
    enum pki_trust trust; /* public: every lint rule of the TLS BR is an error */
    uint32_t key_types;   /* bit set of 1 << enum pki_key_type */
    uint32_t name_kinds;  /* bit set of 1 << enum pki_name_kind */
    bool wildcard;        /* "*.example.org" allowed */
    bool single_label;    /* "intranet" allowed (private trust only) */
    uint32_t names_min, names_max;
    uint32_t attributes;               /* bit set of allowed 1 << enum pki_attribute_type */
    const struct cx_str *dns_suffixes; /* names must be one of these or below; none = any */
    size_t dns_suffix_count;
    int64_t validity_max_s;
    int64_t validity_default_s;
    int64_t backdate_s; /* notBefore may lie this far before now, against clock skew */
    uint32_t key_usage; /* bit n = KeyUsage bit n (RFC 5280 §4.2.1.3) */
    const struct cx_str *ext_key_usage; /* dotted OIDs */
    size_t ext_key_usage_count;
    const struct cx_str *policies; /* certificatePolicies, dotted OIDs; may be empty */
    size_t policy_count;
    bool must_staple;   /* TLS feature, RFC 7633 */
    int path_len;       /* CA kinds; -1 = absent */
    bool lint_baseline; /* private trust: the lint rules of the TLS BR apply as well */
    const struct cx_str *lint_ignore; /* lint rules not applied; refused for public trust */
    size_t lint_ignore_count;
    /* Approval rule: how many people, other than the requester, must approve which act. */
    uint32_t approvals_issue;
    uint32_t approvals_revoke;
    bool server_key; /* server-side key generation with PKCS#12 */
};

/* Reads one profile from YAML text: strict (unknown keys, wrong types and contradictory bounds are
 * refused, the diagnostic names the key). Everything is allocated in arena. */
cx_err pki_profile_parse(struct arena *arena, struct cx_bytes yaml, struct cx_diag *diag,
                         struct pki_profile *ret_profile);

enum { PKI_PROFILE_YAML_MAX = 65536, PKI_PROFILE_LIST_MAX = 64 };

static inline bool pki_kind_is_ca(enum pki_kind kind)
{
    return kind == PKI_KIND_SUB_CA || kind == PKI_KIND_ROOT_CA;
}

const char *pki_kind_name(enum pki_kind kind);         /* "server-tls" … */
const char *pki_key_type_name(enum pki_key_type type); /* "p256", "p384", "rsa2048", … "ed25519" */
const char *pki_name_kind_name(enum pki_name_kind kind);      /* "dns", "ip", "email", "uri" */
const char *pki_attribute_name(enum pki_attribute_type type); /* "common_name" … */
cx_err pki_key_type_from_name(struct cx_str name, enum pki_key_type *ret_type);
cx_err pki_name_kind_from_name(struct cx_str name, enum pki_name_kind *ret_kind);
/* KeyUsage bit n by RFC 5280 §4.2.1.3: "digital_signature" … "decipher_only". */
const char *pki_key_usage_name(unsigned bit);
/* "server_auth" … for the common extended key usages; NULL for an OID without a word here. */
const char *pki_ext_key_usage_name(struct cx_str dotted);
