#include "tests/unit/pki/openssl_build.h"

#include <openssl/err.h>
#include <stdio.h>

#define must(expr) assert_true(expr)

static const EVP_MD *digest_of(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "ED25519"))
        return NULL;
    return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256();
}

static X509_NAME *make_name(const struct pki_attribute *attributes, size_t count)
{
    static const struct {
        int nid, type;
    } forms[PKI_ATTR_COUNT] = {
        [PKI_ATTR_COMMON_NAME] = {NID_commonName, V_ASN1_UTF8STRING},
        [PKI_ATTR_COUNTRY] = {NID_countryName, V_ASN1_PRINTABLESTRING},
        [PKI_ATTR_STATE] = {NID_stateOrProvinceName, V_ASN1_UTF8STRING},
        [PKI_ATTR_LOCALITY] = {NID_localityName, V_ASN1_UTF8STRING},
        [PKI_ATTR_ORGANIZATION] = {NID_organizationName, V_ASN1_UTF8STRING},
        [PKI_ATTR_ORGANIZATIONAL_UNIT] = {NID_organizationalUnitName, V_ASN1_UTF8STRING},
        [PKI_ATTR_SERIAL_NUMBER] = {NID_serialNumber, V_ASN1_PRINTABLESTRING},
        [PKI_ATTR_EMAIL] = {NID_pkcs9_emailAddress, V_ASN1_IA5STRING},
    };
    X509_NAME *name = X509_NAME_new();
    for (size_t i = 0; i < count; i++)
        must(X509_NAME_add_entry_by_NID(
            name, forms[attributes[i].type].nid, forms[attributes[i].type].type,
            (const uint8_t *)attributes[i].value.ptr, (int)attributes[i].value.len, -1, 0));
    return name;
}

static ASN1_TIME *make_time(cx_time at_us)
{
    ASN1_TIME *made = ASN1_TIME_set(NULL, (time_t)(at_us / CX_US_PER_S));
    must(made);
    return made;
}

static ASN1_INTEGER *make_integer(struct cx_bytes magnitude)
{
    BIGNUM *number = BN_bin2bn(magnitude.ptr, (int)magnitude.len, NULL);
    ASN1_INTEGER *made = BN_to_ASN1_INTEGER(number, NULL);
    must(made);
    BN_free(number);
    return made;
}

static ASN1_OBJECT *make_oid(struct cx_str dotted)
{
    char text[256];
    snprintf(text, sizeof(text), "%.*s", CX_STR_ARG(dotted));
    ASN1_OBJECT *made = OBJ_txt2obj(text, 1);
    must(made);
    return made;
}

static GENERAL_NAME *make_general_name(enum pki_name_kind kind, struct cx_bytes value)
{
    static const struct {
        int name, string;
    } kinds[PKI_NAME_COUNT] = {[PKI_NAME_DNS] = {GEN_DNS, V_ASN1_IA5STRING},
                               [PKI_NAME_IP] = {GEN_IPADD, V_ASN1_OCTET_STRING},
                               [PKI_NAME_EMAIL] = {GEN_EMAIL, V_ASN1_IA5STRING},
                               [PKI_NAME_URI] = {GEN_URI, V_ASN1_IA5STRING}};
    GENERAL_NAME *made = GENERAL_NAME_new();
    ASN1_STRING *string = ASN1_STRING_type_new(kinds[kind].string);
    must(ASN1_STRING_set(string, value.ptr, (int)value.len));
    GENERAL_NAME_set0_value(made, kinds[kind].name, string);
    return made;
}

static GENERAL_NAME *make_url(const struct pki_issuer *issuer, const char *folder, const char *tail)
{
    char url[600];
    int len = snprintf(url, sizeof(url), "%.*s/%s/%.*s%s", CX_STR_ARG(issuer->status_url), folder,
                       CX_STR_ARG(issuer->issuer_ref), tail);
    return make_general_name(PKI_NAME_URI, CX_BYTES(url, (size_t)len));
}

static DIST_POINT_NAME *make_point(const struct pki_issuer *issuer, unsigned shard)
{
    char tail[32];
    snprintf(tail, sizeof(tail), "/%u.crl", shard);
    DIST_POINT_NAME *point = DIST_POINT_NAME_new();
    point->type = 0;
    point->name.fullname = GENERAL_NAMES_new();
    sk_GENERAL_NAME_push(point->name.fullname, make_url(issuer, "crl", tail));
    return point;
}

static AUTHORITY_KEYID *make_authority_key_id(const struct pki_issuer *issuer)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
    id->keyid = ASN1_OCTET_STRING_new();
    must(ASN1_OCTET_STRING_set(id->keyid, issuer->key_id.ptr, (int)issuer->key_id.len));
    return id;
}

static void add(X509 *x509, int nid, bool critical, void *value)
{
    must(X509_add1_ext_i2d(x509, nid, value, critical, X509V3_ADD_APPEND) == 1);
}

static void add_constraints_and_usage(X509 *x509, const struct pki_template *tmpl)
{
    const struct pki_profile *profile = tmpl->profile;
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    int path_len = tmpl->path_len_set ? tmpl->path_len : profile->path_len;
    EVP_PKEY *key = X509_get0_pubkey(x509);
    bool rsa = EVP_PKEY_is_a(key, "RSA");
    constraints->ca =
        profile->kind == PKI_KIND_SUB_CA || profile->kind == PKI_KIND_ROOT_CA ? 0xFF : 0;
    if (constraints->ca && path_len >= 0) {
        constraints->pathlen = ASN1_INTEGER_new();
        ASN1_INTEGER_set(constraints->pathlen, path_len);
    }
    add(x509, NID_basic_constraints, true, constraints);
    for (int bit = 0; bit < 9; bit++) {
        bool encipherment = bit == 2 || bit == 3; /* of RSA keys only, RFC 8813 §3 */
        bool fits = encipherment ? rsa : bit == 4 ? EVP_PKEY_is_a(key, "EC") : true;
        if (fits && profile->key_usage >> bit & 1)
            must(ASN1_BIT_STRING_set_bit(usage, bit, 1));
    }
    add(x509, NID_key_usage, true, usage);
    BASIC_CONSTRAINTS_free(constraints);
    ASN1_BIT_STRING_free(usage);
}

static void add_ext_key_usage(X509 *x509, const struct pki_profile *profile)
{
    EXTENDED_KEY_USAGE *usages = EXTENDED_KEY_USAGE_new();
    for (size_t i = 0; i < profile->ext_key_usage_count; i++)
        sk_ASN1_OBJECT_push(usages, make_oid(profile->ext_key_usage[i]));
    if (profile->ext_key_usage_count)
        add(x509, NID_ext_key_usage, false, usages);
    EXTENDED_KEY_USAGE_free(usages);
}

static void add_names(X509 *x509, const struct pki_template *tmpl)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; i < tmpl->name_count; i++)
        sk_GENERAL_NAME_push(names, make_general_name(tmpl->names[i].kind, tmpl->names[i].value));
    if (tmpl->name_count)
        add(x509, NID_subject_alt_name, tmpl->subject_count == 0, names);
    GENERAL_NAMES_free(names);
}

static void add_key_ids(X509 *x509, const struct pki_issuer *issuer)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    AUTHORITY_KEYID *authority = make_authority_key_id(issuer);
    must(X509_pubkey_digest(x509, EVP_sha256(), digest, NULL));
    must(ASN1_OCTET_STRING_set(id, digest, 20)); /* RFC 7093 §2, method 1 */
    add(x509, NID_subject_key_identifier, false, id);
    add(x509, NID_authority_key_identifier, false, authority);
    ASN1_OCTET_STRING_free(id);
    AUTHORITY_KEYID_free(authority);
}

static void add_access(AUTHORITY_INFO_ACCESS *list, int method, GENERAL_NAME *location)
{
    ACCESS_DESCRIPTION *access = ACCESS_DESCRIPTION_new();
    ASN1_OBJECT_free(access->method);
    access->method = OBJ_nid2obj(method);
    GENERAL_NAME_free(access->location);
    access->location = location;
    sk_ACCESS_DESCRIPTION_push(list, access);
}

static void add_status(X509 *x509, const struct pki_template *tmpl, const struct pki_issuer *issuer)
{
    struct cx_bytes serial = tmpl->serial;
    if (tmpl->profile->kind == PKI_KIND_OCSP_SIGNER) {
        ASN1_NULL *null = ASN1_NULL_new();
        add(x509, NID_id_pkix_OCSP_noCheck, false, null);
        ASN1_NULL_free(null);
        return;
    }
    if (tmpl->profile->kind == PKI_KIND_ROOT_CA || issuer->status_url.len == 0)
        return;
    bool ours = serial.len == 18 && serial.ptr[0] >> 4 == 4;
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = DIST_POINT_new();
    point->distpoint = make_point(issuer, ours ? (serial.ptr[0] & 15u) << 8 | serial.ptr[1] : 0);
    sk_DIST_POINT_push(points, point);
    add(x509, NID_crl_distribution_points, false, points);
    CRL_DIST_POINTS_free(points);
    AUTHORITY_INFO_ACCESS *access = AUTHORITY_INFO_ACCESS_new();
    add_access(access, NID_ad_OCSP, make_url(issuer, "ocsp", ""));
    add_access(access, NID_ad_ca_issuers, make_url(issuer, "issuer", ".cer"));
    add(x509, NID_info_access, false, access);
    AUTHORITY_INFO_ACCESS_free(access);
}

static void add_policies_and_feature(X509 *x509, const struct pki_profile *profile)
{
    CERTIFICATEPOLICIES *policies = CERTIFICATEPOLICIES_new();
    for (size_t i = 0; i < profile->policy_count; i++) {
        POLICYINFO *policy = POLICYINFO_new();
        policy->policyid = make_oid(profile->policies[i]);
        sk_POLICYINFO_push(policies, policy);
    }
    if (profile->policy_count)
        add(x509, NID_certificate_policies, false, policies);
    CERTIFICATEPOLICIES_free(policies);
    if (!profile->must_staple)
        return;
    TLS_FEATURE *features = TLS_FEATURE_new();
    ASN1_INTEGER *status_request = ASN1_INTEGER_new();
    ASN1_INTEGER_set(status_request, 5);
    sk_ASN1_INTEGER_push(features, status_request);
    add(x509, NID_tlsfeature, false, features);
    TLS_FEATURE_free(features);
}

static void add_name_constraints(X509 *x509, const struct pki_template *tmpl)
{
    if (tmpl->constraint_count == 0)
        return;
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    for (size_t i = 0; i < tmpl->constraint_count; i++) {
        STACK_OF(GENERAL_SUBTREE) **list = tmpl->constraints[i].excluded
                                               ? &constraints->excludedSubtrees
                                               : &constraints->permittedSubtrees;
        GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
        GENERAL_NAME_free(subtree->base);
        subtree->base = make_general_name(tmpl->constraints[i].kind, tmpl->constraints[i].value);
        if (!*list)
            *list = sk_GENERAL_SUBTREE_new_null();
        sk_GENERAL_SUBTREE_push(*list, subtree);
    }
    add(x509, NID_name_constraints, true, constraints);
    NAME_CONSTRAINTS_free(constraints);
}

static void set_head(X509 *x509, const struct pki_template *tmpl,
                     const struct openssl_issuer *issuer)
{
    ASN1_INTEGER *serial = make_integer(tmpl->serial);
    X509_NAME *issuer_name = make_name(issuer->subject, issuer->subject_count);
    X509_NAME *subject = make_name(tmpl->subject, tmpl->subject_count);
    ASN1_TIME *before = make_time(tmpl->not_before_us);
    ASN1_TIME *after = make_time(tmpl->not_after_us);
    const uint8_t *at = tmpl->spki.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)tmpl->spki.len);
    must(key);
    must(X509_set_version(x509, X509_VERSION_3) && X509_set_serialNumber(x509, serial));
    must(X509_set_issuer_name(x509, issuer_name) && X509_set_subject_name(x509, subject));
    must(X509_set1_notBefore(x509, before) && X509_set1_notAfter(x509, after));
    must(X509_set_pubkey(x509, key));
    ASN1_INTEGER_free(serial);
    X509_NAME_free(issuer_name);
    X509_NAME_free(subject);
    ASN1_TIME_free(before);
    ASN1_TIME_free(after);
    EVP_PKEY_free(key);
}

X509 *openssl_certificate(const struct pki_template *tmpl, const struct openssl_issuer *issuer)
{
    X509 *x509 = X509_new();
    set_head(x509, tmpl, issuer);
    add_constraints_and_usage(x509, tmpl);
    add_ext_key_usage(x509, tmpl->profile);
    add_names(x509, tmpl);
    add_key_ids(x509, issuer->issuer);
    add_status(x509, tmpl, issuer->issuer);
    add_policies_and_feature(x509, tmpl->profile);
    add_name_constraints(x509, tmpl);
    must(X509_sign(x509, issuer->key, digest_of(issuer->key)) > 0);
    return x509;
}

static void add_revoked(X509_CRL *made, const struct pki_revoked *entry)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *serial = make_integer(CX_BYTES(entry->serial, entry->serial_len));
    ASN1_TIME *date = make_time(entry->revoked_us);
    must(X509_REVOKED_set_serialNumber(revoked, serial));
    must(X509_REVOKED_set_revocationDate(revoked, date));
    if (entry->reason != 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
        ASN1_ENUMERATED_set(reason, entry->reason);
        must(X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, X509V3_ADD_APPEND));
        ASN1_ENUMERATED_free(reason);
    }
    must(X509_CRL_add0_revoked(made, revoked));
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(date);
}

static void add_crl_extensions(X509_CRL *made, const struct pki_crl *crl,
                               const struct pki_issuer *issuer)
{
    AUTHORITY_KEYID *authority = make_authority_key_id(issuer);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    must(ASN1_INTEGER_set_uint64(number, crl->number));
    must(
        X509_CRL_add1_ext_i2d(made, NID_authority_key_identifier, authority, 0, X509V3_ADD_APPEND));
    must(X509_CRL_add1_ext_i2d(made, NID_crl_number, number, 0, X509V3_ADD_APPEND));
    AUTHORITY_KEYID_free(authority);
    ASN1_INTEGER_free(number);
    if (issuer->status_url.len == 0)
        return;
    ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();
    point->distpoint = make_point(issuer, crl->shard);
    must(X509_CRL_add1_ext_i2d(made, NID_issuing_distribution_point, point, 1, X509V3_ADD_APPEND));
    ISSUING_DIST_POINT_free(point);
}

X509_CRL *openssl_crl(const struct pki_crl *crl, const struct openssl_issuer *issuer)
{
    X509_CRL *made = X509_CRL_new();
    X509_NAME *name = make_name(issuer->subject, issuer->subject_count);
    ASN1_TIME *this_update = make_time(crl->this_update_us);
    ASN1_TIME *next_update = make_time(crl->next_update_us);
    must(X509_CRL_set_version(made, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(made, name));
    must(X509_CRL_set1_lastUpdate(made, this_update) &&
         X509_CRL_set1_nextUpdate(made, next_update));
    for (size_t i = 0; i < crl->entry_count; i++)
        add_revoked(made, &crl->entries[i]);
    add_crl_extensions(made, crl, issuer->issuer);
    must(X509_CRL_sign(made, issuer->key, digest_of(issuer->key)) > 0);
    X509_NAME_free(name);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    return made;
}

static void add_single(OCSP_BASICRESP *basic, const struct pki_ocsp_single *single,
                       const X509_NAME *name, const ASN1_BIT_STRING *key)
{
    static const int statuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                                   V_OCSP_CERTSTATUS_UNKNOWN};
    ASN1_INTEGER *serial = make_integer(single->id.serial);
    OCSP_CERTID *id = OCSP_cert_id_new(single->id.hash == PKI_OCSP_SHA1 ? EVP_sha1() : EVP_sha256(),
                                       name, key, serial);
    ASN1_TIME *revoked = make_time(single->revoked_us);
    ASN1_TIME *this_update = make_time(single->this_update_us);
    ASN1_TIME *next_update = make_time(single->next_update_us);
    must(OCSP_basic_add1_status(basic, id, statuses[single->status],
                                single->reason ? single->reason : OCSP_REVOKED_STATUS_NOSTATUS,
                                revoked, this_update, next_update));
    ASN1_INTEGER_free(serial);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(revoked);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
}

OCSP_RESPONSE *openssl_ocsp(const struct pki_ocsp_response *response,
                            const struct openssl_issuer *issuer, X509 *responder, EVP_PKEY *key,
                            bool with_certificate)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    X509_NAME *name = make_name(issuer->subject, issuer->subject_count);
    X509_PUBKEY *spki = NULL;
    must(X509_PUBKEY_set(&spki, issuer->key));
    const uint8_t *bits = NULL;
    uint8_t nonce[PKI_OCSP_NONCE_MAX];
    int len = 0;
    must(X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, spki));
    ASN1_BIT_STRING *issuer_key = ASN1_BIT_STRING_new();
    must(ASN1_STRING_set(issuer_key, bits, len));
    for (size_t i = 0; i < response->single_count; i++)
        add_single(basic, &response->singles[i], name, issuer_key);
    if (response->nonce.len) {
        memcpy(nonce, response->nonce.ptr, response->nonce.len);
        must(OCSP_basic_add1_nonce(basic, nonce, (int)response->nonce.len));
    }
    /* There is no call that sets producedAt to anything but now; its accessor gives the field itself. */
    const ASN1_GENERALIZEDTIME *field = OCSP_resp_get0_produced_at(basic);
    ASN1_GENERALIZEDTIME *produced = NULL;
    memcpy(&produced, &field, sizeof(produced));
    must(ASN1_GENERALIZEDTIME_set(produced, (time_t)(response->produced_us / CX_US_PER_S)));
    unsigned long flags = OCSP_RESPID_KEY | OCSP_NOTIME | (with_certificate ? 0 : OCSP_NOCERTS);
    must(OCSP_basic_sign(basic, responder, key, digest_of(key), NULL, flags));
    OCSP_RESPONSE *made = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    must(made);
    OCSP_BASICRESP_free(basic);
    X509_NAME_free(name);
    X509_PUBKEY_free(spki);
    ASN1_BIT_STRING_free(issuer_key);
    return made;
}
