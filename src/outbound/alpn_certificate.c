#include "outbound/alpn_certificate.h"

#include "codec/der.h"

#include <strings.h>

static const char oid_alt_name[] = "2.5.29.17";
static const char oid_acme_identifier[] = "1.3.6.1.5.5.7.1.31";

enum { SAN_DNS = DER_CONTEXT(2), SAN_IP = DER_CONTEXT(7), EXTENSIONS_MAX = 32 };

struct findings {
    bool has_names, has_identifier, identifier_critical;
    bool repeated; /* one of the two stands twice: RFC 5280 §4.2 */
    struct cx_bytes names, identifier;
};

static cx_err note_extension(struct cx_bytes oid, bool critical, struct cx_bytes value,
                             struct findings *found)
{
    if (der_oid_is(oid, oid_alt_name)) {
        found->repeated = found->repeated || found->has_names;
        found->has_names = true;
        found->names = value;
    } else if (der_oid_is(oid, oid_acme_identifier)) {
        found->repeated = found->repeated || found->has_identifier;
        found->has_identifier = true;
        found->identifier_critical = critical;
        found->identifier = value;
    }
    return CX_OK;
}

/* Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
static cx_err read_extensions(struct der_reader *tbs, struct findings *found)
{
    struct der_reader outer, list, extension;
    CX_TRY(der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3), &outer));
    CX_TRY(der_enter(&outer, DER_SEQUENCE, &list));
    CX_TRY(der_finish(&outer));
    for (int i = 0; !der_at_end(&list); i++) {
        struct cx_bytes oid, value;
        bool critical = false;
        if (i == EXTENSIONS_MAX)
            return CX_ERR(PARSE);
        CX_TRY(der_enter(&list, DER_SEQUENCE, &extension));
        CX_TRY(der_read_oid(&extension, &oid));
        if (der_next_is(&extension, DER_BOOLEAN))
            CX_TRY(der_read_bool(&extension, &critical));
        CX_TRY(der_read_octet_string(&extension, &value));
        CX_TRY(der_finish(&extension));
        CX_TRY(note_extension(oid, critical, value, found));
    }
    return CX_OK;
}

/* The fields before the extensions are of no interest, but they must be there and be DER. */
static cx_err read_certificate(struct cx_bytes der, struct findings *found)
{
    struct der_reader certificate, tbs;
    struct cx_bytes skipped;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &certificate));
    CX_TRY(der_enter(&certificate, DER_SEQUENCE, &tbs));
    CX_TRY(der_read(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skipped)); /* version: v3 has extensions */
    CX_TRY(der_read_integer(&tbs, &skipped));
    for (int i = 0; i < 5; i++) /* signature, issuer, validity, subject, subjectPublicKeyInfo */
        CX_TRY(der_read(&tbs, DER_SEQUENCE, &skipped));
    if (der_next_is(&tbs, DER_CONTEXT(1)))
        CX_TRY(der_read(&tbs, DER_CONTEXT(1), &skipped));
    if (der_next_is(&tbs, DER_CONTEXT(2)))
        CX_TRY(der_read(&tbs, DER_CONTEXT(2), &skipped));
    if (!der_at_end(&tbs))
        CX_TRY(read_extensions(&tbs, found));
    CX_TRY(der_finish(&tbs));
    CX_TRY(der_read(&certificate, DER_SEQUENCE, &skipped));
    CX_TRY(der_read(&certificate, DER_BIT_STRING, &skipped));
    return der_finish(&certificate);
}

static bool name_matches(const struct der_value *name, const struct alpn_expected *expected)
{
    if (expected->octets.len > 0)
        return name->tag == SAN_IP && cx_bytes_eq(name->content, expected->octets);
    return name->tag == SAN_DNS && name->content.len == expected->name.len &&
           strncasecmp((const char *)name->content.ptr, expected->name.ptr, expected->name.len) ==
               0;
}

/* RFC 8737 §3: the domain name being validated and no other entries. */
static cx_err check_names(const struct findings *found, const struct alpn_expected *expected,
                          struct cx_diag *diag)
{
    struct der_reader list;
    struct der_value name = {.tag = 0};
    if (!found->has_names)
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "subjectAltName",
                         "has no subjectAltName");
    CX_TRY(der_enter_only(found->names, DER_SEQUENCE, &list));
    CX_TRY(der_read_any(&list, &name));
    if (!der_at_end(&list))
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "subjectAltName",
                         "has more than one subjectAltName entry");
    if (!name_matches(&name, expected))
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "subjectAltName",
                         "is not for the identifier");
    return CX_OK;
}

/* Authorization ::= OCTET STRING (SIZE (32)) */
static cx_err check_identifier(const struct findings *found, const struct alpn_expected *expected,
                               struct cx_diag *diag)
{
    struct cx_bytes digest = CX_BYTES_NONE;
    if (!found->has_identifier)
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "acmeIdentifier",
                         "has no acmeIdentifier extension");
    if (!found->identifier_critical)
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "acmeIdentifier",
                         "has an acmeIdentifier extension that is not critical");
    struct der_reader reader = der_reader(found->identifier);
    CX_TRY(der_read_octet_string(&reader, &digest));
    CX_TRY(der_finish(&reader));
    if (digest.len != ALPN_DIGEST_LEN)
        return CX_ERR(PARSE);
    if (!cx_bytes_eq(digest, expected->digest))
        return cx_refuse(diag, CX_ERR(CONFLICT), "certificate", "acmeIdentifier",
                         "has the digest of another key authorization");
    return CX_OK;
}

cx_err alpn_certificate_check(struct cx_bytes der, const struct alpn_expected *expected,
                              struct cx_diag *diag)
{
    struct findings found = {.has_names = false};
    cx_err err = read_certificate(der, &found);
    if (cx_is_ok(err) && found.repeated)
        return cx_refuse(diag, CX_ERR(POLICY), "certificate", "extensions",
                         "has an extension twice");
    if (cx_is_ok(err))
        err = check_names(&found, expected, diag);
    if (cx_is_ok(err))
        err = check_identifier(&found, expected, diag);
    if (err.code == CX_E_PARSE)
        return cx_refuse(diag, err, "certificate", "der", "is malformed");
    return err;
}
