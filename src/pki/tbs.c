/*
 * The to-be-signed certificate, RFC 5280 §4.1.2. Written front to back into one buffer; each
 * extension is SEQUENCE { OID, critical DEFAULT FALSE, OCTET STRING { value } }, opened and closed
 * by helpers so that the writer of a value sees only the value.
 */
#include "pki/tbs.h"
#include "codec/der_write.h"
#include "pki/algorithm.h"
#include "pki/general_name.h"
#include "pki/oid.h"
#include "pki/subject.h"

enum { ENCIPHERMENT = 1u << 2 | 1u << 3, KEY_AGREEMENT = 1u << 4, TLS_FEATURE_STATUS_REQUEST = 5 };

struct tbs {
    const struct pki_template *tmpl;
    const struct pki_profile *profile;
    const struct pki_issuer *issuer;
    enum pki_key_type key_type;
    struct cx_buf *out;
};

struct marks {
    size_t extension, octets;
};

static cx_err begin_extension(struct cx_buf *out, enum pki_oid oid, bool critical,
                              struct marks *ret_marks)
{
    CX_TRY(der_begin(out, DER_SEQUENCE, &ret_marks->extension));
    CX_TRY(der_write(out, DER_OID, pki_oid(oid)));
    if (critical)
        CX_TRY(der_write_bool(out, true));
    return der_begin(out, DER_OCTET_STRING, &ret_marks->octets);
}

static cx_err end_extension(struct cx_buf *out, const struct marks *marks)
{
    CX_TRY(der_end(out, marks->octets));
    return der_end(out, marks->extension);
}

uint32_t pki_key_usage_for(const struct pki_profile *profile, enum pki_key_type type)
{
    bool ec = type == PKI_KEY_P256 || type == PKI_KEY_P384;
    bool rsa = !ec && type != PKI_KEY_ED25519;
    return profile->key_usage & ~(rsa ? 0u : ENCIPHERMENT) & ~(ec ? 0u : (uint32_t)KEY_AGREEMENT);
}

cx_err pki_url_format(const struct pki_issuer *issuer, enum pki_url url, uint32_t shard,
                      char ret_url[static PKI_URL_MAX], size_t *ret_len)
{
    static const char *const folders[] = {"crl", "ocsp", "issuer"};
    char tail[24] = "";
    if (url == PKI_URL_CRL)
        snprintf(tail, sizeof(tail), "/%u.crl", shard);
    else if (url == PKI_URL_ISSUER)
        snprintf(tail, sizeof(tail), ".cer");
    int len = snprintf(ret_url, PKI_URL_MAX, "%.*s/%s/%.*s%s", CX_STR_ARG(issuer->status_url),
                       folders[url], CX_STR_ARG(issuer->issuer_ref), tail);
    if (len < 0 || len >= PKI_URL_MAX)
        return CX_ERR(LIMIT);
    *ret_len = (size_t)len;
    return CX_OK;
}

/* RFC 5280 §4.2.1.9: critical in CA certificates; written in all, so that nobody has to know the
 * default. */
static cx_err write_basic_constraints(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    bool ca = pki_kind_is_ca(t->profile->kind);
    int path_len = t->tmpl->path_len_set ? t->tmpl->path_len : t->profile->path_len;
    CX_TRY(begin_extension(t->out, PKI_OID_BASIC_CONSTRAINTS, true, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    if (ca)
        CX_TRY(der_write_bool(t->out, true));
    if (ca && path_len >= 0)
        CX_TRY(der_write_i64(t->out, path_len));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

static cx_err write_key_usage(const struct tbs *t)
{
    struct marks marks;
    CX_TRY(begin_extension(t->out, PKI_OID_KEY_USAGE, true, &marks));
    CX_TRY(der_write_named_bits(t->out, pki_key_usage_for(t->profile, t->key_type)));
    return end_extension(t->out, &marks);
}

static cx_err write_oids(const struct tbs *t, enum pki_oid oid, const struct cx_str *dotted,
                         size_t count, bool wrapped)
{
    struct marks marks;
    size_t sequence = 0;
    if (count == 0)
        return CX_OK;
    CX_TRY(begin_extension(t->out, oid, false, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    for (size_t i = 0; i < count; i++) {
        struct der_oid value;
        size_t inner = 0;
        CX_TRY(der_oid_from_text(dotted[i], &value));
        if (wrapped)
            CX_TRY(der_begin(t->out, DER_SEQUENCE, &inner));
        CX_TRY(der_write(t->out, DER_OID, der_oid_view(&value)));
        if (wrapped)
            CX_TRY(der_end(t->out, inner));
    }
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

/* RFC 5280 §4.2.1.6: critical when the subject is empty. */
static cx_err write_names(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    if (t->tmpl->name_count == 0)
        return CX_OK;
    CX_TRY(begin_extension(t->out, PKI_OID_SUBJECT_ALT_NAME, t->tmpl->subject_count == 0, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    for (size_t i = 0; i < t->tmpl->name_count; i++)
        CX_TRY(pki_general_name_write(t->out, t->tmpl->names[i].kind, t->tmpl->names[i].value));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

static cx_err write_key_ids(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    uint8_t id[PKI_KEY_ID_LEN];
    CX_TRY(pki_key_id(t->tmpl->spki, id));
    CX_TRY(begin_extension(t->out, PKI_OID_SUBJECT_KEY_ID, false, &marks));
    CX_TRY(der_write_octet_string(t->out, CX_BYTES(id, sizeof(id))));
    CX_TRY(end_extension(t->out, &marks));
    CX_TRY(begin_extension(t->out, PKI_OID_AUTHORITY_KEY_ID, false, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    CX_TRY(der_write(t->out, DER_CONTEXT(0), t->issuer->key_id));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

static cx_err write_distribution_point(const struct tbs *t)
{
    struct marks marks;
    size_t at[4] = {0};
    static const uint8_t tags[4] = {DER_SEQUENCE, DER_SEQUENCE, DER_CONTEXT_CONSTRUCTED(0),
                                    DER_CONTEXT_CONSTRUCTED(0)};
    char url[PKI_URL_MAX];
    size_t len = 0;
    uint32_t shard = 0;
    CX_IGNORE(
        pki_serial_shard(t->tmpl->serial, &shard)); /* not one of ours: shard 0 by convention */
    CX_TRY(pki_url_format(t->issuer, PKI_URL_CRL, shard, url, &len));
    CX_TRY(begin_extension(t->out, PKI_OID_CRL_DISTRIBUTION, false, &marks));
    for (size_t i = 0; i < 4; i++)
        CX_TRY(der_begin(t->out, tags[i], &at[i]));
    CX_TRY(pki_url_write(t->out, (struct cx_str){url, len}));
    for (size_t i = 4; i-- > 0;)
        CX_TRY(der_end(t->out, at[i]));
    return end_extension(t->out, &marks);
}

static cx_err write_access(const struct tbs *t, enum pki_oid method, enum pki_url kind)
{
    char url[PKI_URL_MAX];
    size_t len = 0;
    size_t sequence = 0;
    CX_TRY(pki_url_format(t->issuer, kind, 0, url, &len));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    CX_TRY(der_write(t->out, DER_OID, pki_oid(method)));
    CX_TRY(pki_url_write(t->out, (struct cx_str){url, len}));
    return der_end(t->out, sequence);
}

/* A root has nobody above it to ask; a delegated responder carries id-pkix-ocsp-nocheck instead
 * (RFC 6960 §4.2.2.2.1), so pointing at its status would be a circle. */
static cx_err write_status(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    if (t->profile->kind == PKI_KIND_OCSP_SIGNER) {
        CX_TRY(begin_extension(t->out, PKI_OID_OCSP_NOCHECK, false, &marks));
        CX_TRY(der_write_null(t->out));
        return end_extension(t->out, &marks);
    }
    if (t->profile->kind == PKI_KIND_ROOT_CA || t->issuer->status_url.len == 0)
        return CX_OK;
    CX_TRY(write_distribution_point(t));
    CX_TRY(begin_extension(t->out, PKI_OID_AUTHORITY_INFO, false, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    CX_TRY(write_access(t, PKI_OID_OCSP, PKI_URL_OCSP));
    CX_TRY(write_access(t, PKI_OID_CA_ISSUERS, PKI_URL_ISSUER));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

/* RFC 7633 §4: status_request. */
static cx_err write_tls_feature(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    if (!t->profile->must_staple)
        return CX_OK;
    CX_TRY(begin_extension(t->out, PKI_OID_TLS_FEATURE, false, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    CX_TRY(der_write_i64(t->out, TLS_FEATURE_STATUS_REQUEST));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

static cx_err write_subtrees(const struct tbs *t, bool excluded)
{
    size_t list = 0;
    size_t written = 0;
    CX_TRY(der_begin(t->out, DER_CONTEXT_CONSTRUCTED(excluded ? 1 : 0), &list));
    for (size_t i = 0; i < t->tmpl->constraint_count; i++) {
        const struct pki_constraint *constraint = &t->tmpl->constraints[i];
        size_t subtree = 0;
        if (constraint->excluded != excluded)
            continue;
        CX_TRY(der_begin(t->out, DER_SEQUENCE, &subtree));
        CX_TRY(pki_general_name_write(t->out, constraint->kind, constraint->value));
        CX_TRY(der_end(t->out, subtree));
        written++;
    }
    if (written > 0)
        return der_end(t->out, list);
    t->out->len = list; /* an empty list is left out */
    return CX_OK;
}

/* RFC 5280 §4.2.1.10: MUST be critical. */
static cx_err write_name_constraints(const struct tbs *t)
{
    struct marks marks;
    size_t sequence = 0;
    if (t->tmpl->constraint_count == 0)
        return CX_OK;
    CX_TRY(begin_extension(t->out, PKI_OID_NAME_CONSTRAINTS, true, &marks));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &sequence));
    CX_TRY(write_subtrees(t, false));
    CX_TRY(write_subtrees(t, true));
    CX_TRY(der_end(t->out, sequence));
    return end_extension(t->out, &marks);
}

static cx_err write_extensions(const struct tbs *t)
{
    size_t outer = 0;
    size_t list = 0;
    const struct pki_profile *p = t->profile;
    CX_TRY(der_begin(t->out, DER_CONTEXT_CONSTRUCTED(3), &outer));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &list));
    CX_TRY(write_basic_constraints(t));
    CX_TRY(write_key_usage(t));
    CX_TRY(write_oids(t, PKI_OID_EXT_KEY_USAGE, p->ext_key_usage, p->ext_key_usage_count, false));
    CX_TRY(write_names(t));
    CX_TRY(write_key_ids(t));
    CX_TRY(write_status(t));
    CX_TRY(write_oids(t, PKI_OID_POLICIES, p->policies, p->policy_count, true));
    CX_TRY(write_tls_feature(t));
    CX_TRY(write_name_constraints(t));
    CX_TRY(der_end(t->out, list));
    return der_end(t->out, outer);
}

static cx_err write_head(const struct tbs *t)
{
    size_t mark = 0;
    CX_TRY(der_begin(t->out, DER_CONTEXT_CONSTRUCTED(0), &mark));
    CX_TRY(der_write_i64(t->out, 2)); /* v3 */
    CX_TRY(der_end(t->out, mark));
    CX_TRY(der_write_unsigned(t->out, t->tmpl->serial));
    CX_TRY(cx_buf_add(t->out, pki_algorithm_of(t->issuer->key_type)));
    CX_TRY(cx_buf_add(t->out, t->issuer->subject_der));
    CX_TRY(der_begin(t->out, DER_SEQUENCE, &mark));
    CX_TRY(der_write_time(t->out, t->tmpl->not_before_us));
    CX_TRY(der_write_time(t->out, t->tmpl->not_after_us));
    return der_end(t->out, mark);
}

cx_err pki_tbs_write(const struct pki_template *tmpl, const struct pki_issuer *issuer,
                     struct cx_buf *out)
{
    struct tbs t = {tmpl, tmpl->profile, issuer, PKI_KEY_COUNT, out};
    size_t tbs = 0;
    CX_TRY(pki_spki_key_type(tmpl->spki, &t.key_type));
    CX_TRY(der_begin(out, DER_SEQUENCE, &tbs));
    CX_TRY(write_head(&t));
    CX_TRY(pki_subject_write(tmpl->subject, tmpl->subject_count, out));
    CX_TRY(cx_buf_add(out, tmpl->spki));
    CX_TRY(write_extensions(&t));
    return der_end(out, tbs);
}
