/*
 * The certificate as the rules see it: taken apart once, so that a rule is a few lines. Views into
 * the certificate's DER. A part that does not parse has well_formed false and no items; its syntax
 * rule says so, and the rules about its content have nothing to look at.
 */
#pragma once
#include "codec/der.h"
#include "pki/lint.h"

enum lint_key_kind { LINT_KEY_OTHER, LINT_KEY_RSA, LINT_KEY_EC, LINT_KEY_ED25519 };

/* KeyUsage bits (RFC 5280 §4.2.1.3). */
enum {
    LINT_KU_DIGITAL_SIGNATURE = 1 << 0,
    LINT_KU_NON_REPUDIATION = 1 << 1,
    LINT_KU_KEY_ENCIPHERMENT = 1 << 2,
    LINT_KU_DATA_ENCIPHERMENT = 1 << 3,
    LINT_KU_KEY_AGREEMENT = 1 << 4,
    LINT_KU_CERT_SIGN = 1 << 5,
    LINT_KU_CRL_SIGN = 1 << 6,
    LINT_KU_ENCIPHER_ONLY = 1 << 7,
    LINT_KU_DECIPHER_ONLY = 1 << 8
};

/* GeneralName tags (RFC 5280 §4.2.1.6). */
enum {
    LINT_GN_EMAIL = 0x81,
    LINT_GN_DNS = 0x82,
    LINT_GN_DIRECTORY = 0xa4,
    LINT_GN_URI = 0x86,
    LINT_GN_IP = 0x87
};

struct lint_part {
    const struct pki_extension *extension; /* NULL: absent */
    bool well_formed;
    struct cx_bytes items; /* content of the outer SEQUENCE: a run of well-formed values */
};

struct lint_key {
    enum lint_key_kind kind;
    bool well_formed;
    struct cx_bytes algorithm;         /* OID */
    struct cx_bytes parameters;        /* DER after the OID; empty: absent */
    struct cx_bytes modulus, exponent; /* RSA: magnitudes */
    size_t bits;                       /* RSA: of the modulus */
};

struct lint_view {
    const struct pki_certificate *certificate;
    const struct pki_lint_context *context;
    bool baseline;    /* the TLS BR are applied */
    bool self_issued; /* issuer and subject are the same bytes */
    bool tbs_well_formed;
    bool has_unique_ids;
    struct der_value not_before, not_after;      /* as encoded */
    struct cx_bytes subject_items, issuer_items; /* RDNs; empty when not a SEQUENCE */
    bool subject_well_formed, issuer_well_formed;
    struct lint_part aki, ski, key_usage, policies, san, basic_constraints, name_constraints,
        policy_constraints, ext_key_usage, crl_points, info_access;
    uint32_t usage;                   /* bits of a well-formed key_usage */
    bool is_ca;                       /* of a well-formed basic_constraints */
    int64_t path_len;                 /* -1: absent */
    struct cx_bytes key_id;           /* SKI; empty when absent */
    struct cx_bytes authority_key_id; /* keyIdentifier of AKI; empty when absent */
    struct lint_key key;
};

void lint_view_init(const struct pki_certificate *certificate,
                    const struct pki_lint_context *context, struct lint_view *ret_view);

/* The extension with this OID (content octets), NULL when absent. */
const struct pki_extension *lint_extension(const struct pki_certificate *certificate,
                                           struct cx_bytes oid);

/* Steps through a run of values; false at its end or at what is no value. */
bool lint_next(struct der_reader *reader, struct der_value *ret_value);

/* One attribute of a Name. */
struct lint_attribute {
    struct cx_bytes type; /* OID */
    struct der_value value;
};
/* Steps through the attributes of all RDNs: rdns starts as der_reader(view->subject_items), rdn as
 * a reader of nothing. */
bool lint_next_attribute(struct der_reader *rdns, struct der_reader *rdn,
                         struct lint_attribute *ret_attribute);
/* The nth attribute (from 0) of that type in the subject. */
bool lint_subject_attribute(const struct lint_view *view, struct cx_bytes type, size_t nth,
                            struct der_value *ret_value);

/* Is that OID among the items of EKU or policies? */
bool lint_has_ext_key_usage(const struct lint_view *view, struct cx_bytes oid);
bool lint_has_policy(const struct lint_view *view, struct cx_bytes oid);
/* How many PolicyInformation name a policy that the CA/Browser Forum reserves (BR §7.1.6.1)? */
size_t lint_reserved_policy_count(const struct lint_view *view);
bool lint_policy_reserved(struct cx_bytes oid);
/* The items of policyQualifiers; empty when absent. */
struct cx_bytes lint_policy_qualifiers(const struct der_value *policy);
/* Takes the policyIdentifier of a PolicyInformation, or the OID that an EKU item is. */
bool lint_item_oid(const struct der_value *item, struct cx_bytes *ret_oid);

/* Steps through the URIs of CRL distribution points (fullName) or of AIA (any method). */
bool lint_next_crl_uri(struct der_reader *points, struct der_reader *names,
                       struct cx_bytes *ret_uri);
bool lint_next_access(struct der_reader *descriptions, struct cx_bytes *ret_method,
                      struct der_value *ret_location);
/* The fullName of a distribution point (a reader of its fields); false when it has another name or
 * none. */
bool lint_full_name(struct der_reader point, struct der_reader *ret_names);

/* One subtree of nameConstraints. */
struct lint_subtree {
    bool excluded;
    struct der_value base; /* GeneralName */
};
/* Steps through both lists: lists starts as der_reader(view->name_constraints.items), subtrees as a
 * reader of nothing. */
bool lint_next_subtree(struct der_reader *lists, struct der_reader *subtrees,
                       struct lint_subtree *ret_subtree);
