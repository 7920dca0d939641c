/*
 * A template against its profile and issuer. Core runs this to explain a refusal, keys runs it
 * again before it signs. Every rule names itself; the order is that of a form: key, subject, names,
 * validity, issuer.
 */
#include "base/checked.h"
#include "codec/der.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/constraint.h"
#include "pki/name.h"
#include "pki/subject.h"
#include "pki/tbs.h"

#include <strings.h>

struct check {
    const struct pki_template *tmpl;
    const struct pki_profile *profile;
    const struct pki_issuer *issuer;
    struct cx_diag *diag;
};

static cx_err refuse(const struct check *c, const char *field, const char *rule, const char *text)
{
    return cx_refuse(c->diag, CX_ERR(POLICY), field, rule, "%s", text);
}

static cx_err check_key(const struct check *c)
{
    enum pki_key_type type = PKI_KEY_COUNT;
    if (c->tmpl->spki.len > PKI_SPKI_MAX || cx_failed(pki_spki_key_type(c->tmpl->spki, &type)))
        return refuse(c, "/public_key", "key-type-unsupported",
                      "The public key is of a kind that is not supported.");
    if (!(c->profile->key_types & 1u << type))
        return cx_refuse(c->diag, CX_ERR(POLICY), "/public_key", "key-type-not-allowed",
                         "The profile does not allow %s keys.", pki_key_type_name(type));
    if (pki_key_usage_for(c->profile, type) == 0)
        return cx_refuse(c->diag, CX_ERR(POLICY), "/public_key", "key-usage-none",
                         "None of the profile's key usages fits %s keys.", pki_key_type_name(type));
    if (c->profile->kind != PKI_KIND_ROOT_CA && cx_bytes_eq(c->tmpl->spki, c->issuer->spki))
        return refuse(c, "/public_key", "key-is-issuer", "The public key is the issuer's own.");
    return CX_OK;
}

static cx_err check_serial(const struct check *c)
{
    struct cx_bytes serial = c->tmpl->serial;
    uint32_t shard = 0;
    /* RFC 5280 §4.1.2.2: positive, at most 20 octets. */
    if (serial.len == 0 || serial.len > PKI_SERIAL_MAX || serial.ptr[0] & 0x80 ||
        serial.ptr[0] == 0)
        return refuse(c, "/serial", "serial",
                      "A serial number is positive and has at most 20 octets.");
    if (cx_is_ok(pki_serial_shard(serial, &shard)) && c->issuer->shard_count &&
        shard >= c->issuer->shard_count)
        return refuse(c, "/serial", "serial-shard",
                      "The serial number names a CRL shard that does not exist.");
    return CX_OK;
}

static cx_err check_subject(const struct check *c)
{
    uint32_t seen = 0;
    if (c->tmpl->subject_count > PKI_ATTRIBUTES_MAX)
        return refuse(c, "/subject", "subject-attribute-count",
                      "The subject has too many attributes.");
    for (size_t i = 0; i < c->tmpl->subject_count; i++) {
        const struct pki_attribute *attribute = &c->tmpl->subject[i];
        char field[32];
        snprintf(field, sizeof(field), "/subject/%zu", i);
        if (attribute->type >= PKI_ATTR_COUNT || !(c->profile->attributes & 1u << attribute->type))
            return cx_refuse(c->diag, CX_ERR(POLICY), field, "subject-attribute-not-allowed",
                             "The profile does not allow %s in the subject.",
                             attribute->type < PKI_ATTR_COUNT ? pki_attribute_name(attribute->type)
                                                              : "this");
        bool repeatable = attribute->type == PKI_ATTR_ORGANIZATIONAL_UNIT;
        if (!repeatable && seen & 1u << attribute->type)
            return cx_refuse(c->diag, CX_ERR(POLICY), field, "subject-attribute-duplicate",
                             "%s is there twice.", pki_attribute_name(attribute->type));
        seen |= 1u << attribute->type;
        CX_TRY(pki_attribute_check(attribute, field, c->diag));
    }
    /* RFC 5280 §4.1.2.6: a CA's subject MUST NOT be empty; others need a name instead. */
    if (c->tmpl->subject_count == 0 &&
        (pki_kind_is_ca(c->profile->kind) || c->tmpl->name_count == 0))
        return refuse(c, "/subject", "subject-empty", "The certificate needs a subject or a name.");
    return CX_OK;
}

static cx_err check_dns_rules(const struct pki_profile *profile, struct cx_bytes dns,
                              const char *field, struct cx_diag *diag)
{
    if (pki_dns_is_wildcard(dns) && !profile->wildcard)
        return cx_refuse(diag, CX_ERR(POLICY), field, "name-wildcard-not-allowed",
                         "The profile does not allow wildcards.");
    /* BR 2.2.6 §3.2.2.6 and common sense: "*.com" is never one organisation's. */
    if (pki_dns_is_wildcard(dns) && pki_dns_is_single_label(CX_BYTES(dns.ptr + 2, dns.len - 2)))
        return cx_refuse(diag, CX_ERR(POLICY), field, "name-wildcard-too-wide",
                         "A wildcard needs at least two labels below it.");
    if (pki_dns_is_single_label(dns) && !profile->single_label)
        return cx_refuse(diag, CX_ERR(POLICY), field, "name-single-label-not-allowed",
                         "The profile needs fully qualified names.");
    for (size_t i = 0; i < profile->dns_suffix_count; i++)
        if (pki_dns_within(dns, profile->dns_suffixes[i]))
            return CX_OK;
    if (profile->dns_suffix_count)
        return cx_refuse(diag, CX_ERR(POLICY), field, "name-suffix-not-allowed",
                         "The name is outside the profile's domains.");
    return CX_OK;
}

cx_err pki_name_allowed(const struct pki_profile *profile, const struct pki_issuer *issuer,
                        const struct pki_name *name, const char *field, struct cx_diag *diag)
{
    CX_TRY(pki_name_check(name, field, diag));
    if (!(profile->name_kinds & 1u << name->kind))
        return cx_refuse(diag, CX_ERR(POLICY), field, "name-kind-not-allowed",
                         "The profile does not allow names of the kind %s.",
                         pki_name_kind_name(name->kind));
    if (name->kind == PKI_NAME_DNS)
        CX_TRY(check_dns_rules(profile, name->value, field, diag));
    return pki_constraints_allow(issuer->constraints, issuer->constraint_count, name, field, diag);
}

static cx_err check_name(const struct check *c, size_t index)
{
    const struct pki_name *name = &c->tmpl->names[index];
    char field[32];
    snprintf(field, sizeof(field), "/names/%zu", index);
    for (size_t i = 0; i < index; i++)
        if (pki_name_eq(&c->tmpl->names[i], name))
            return refuse(c, field, "name-duplicate", "The name is there twice.");
    return pki_name_allowed(c->profile, c->issuer, name, field, c->diag);
}

static cx_err check_names(const struct check *c)
{
    if (c->tmpl->name_count < c->profile->names_min)
        return cx_refuse(c->diag, CX_ERR(POLICY), "/names", "names-min",
                         "The profile needs at least %u name(s).", c->profile->names_min);
    if (c->tmpl->name_count > c->profile->names_max)
        return cx_refuse(c->diag, CX_ERR(POLICY), "/names", "names-max",
                         "The profile allows at most %u name(s).", c->profile->names_max);
    for (size_t i = 0; i < c->tmpl->name_count; i++)
        CX_TRY(check_name(c, i));
    return CX_OK;
}

static bool name_reads(const struct pki_name *name, struct cx_str text)
{
    struct arena arena = ARENA_INIT(256);
    struct cx_str name_text = CX_STR_NONE;
    bool same = cx_is_ok(pki_name_to_text(&arena, name, &name_text)) && cx_str_eq(name_text, text);
    arena_clear(&arena);
    return same;
}

/* BR 2.2.6 §7.1.4.3: a TLS server's common name is one of its names; clients that still read it
 * must not see something that no rule has looked at. */
static cx_err check_common_name(const struct check *c)
{
    if (c->profile->kind != PKI_KIND_SERVER_TLS && c->profile->kind != PKI_KIND_MUTUAL_TLS)
        return CX_OK;
    for (size_t i = 0; i < c->tmpl->subject_count; i++) {
        if (c->tmpl->subject[i].type != PKI_ATTR_COMMON_NAME)
            continue;
        bool found = false;
        for (size_t n = 0; n < c->tmpl->name_count && !found; n++)
            found = name_reads(&c->tmpl->names[n], c->tmpl->subject[i].value);
        if (!found)
            return refuse(c, "/subject", "common-name-not-in-names",
                          "The common name is not one of the names.");
    }
    return CX_OK;
}

/* RFC 5280 §4.1.2.6: new certificates with e-mail addresses MUST use the rfc822Name; beside it the subject may carry it
 * too. "The attribute value for emailAddress is not case-sensitive." */
static cx_err check_email(const struct check *c)
{
    for (size_t i = 0; i < c->tmpl->subject_count; i++) {
        const struct cx_str address = c->tmpl->subject[i].value;
        bool found = c->tmpl->subject[i].type != PKI_ATTR_EMAIL;
        for (size_t n = 0; n < c->tmpl->name_count && !found; n++) {
            const struct pki_name *name = &c->tmpl->names[n];
            found = name->kind == PKI_NAME_EMAIL && name->value.len == address.len &&
                    strncasecmp((const char *)name->value.ptr, address.ptr, address.len) == 0;
        }
        if (!found)
            return refuse(c, "/subject", "email-not-in-names",
                          "The e-mail address of the subject is not one of the names.");
    }
    return CX_OK;
}

static cx_err check_validity(const struct check *c, cx_time now_us)
{
    const struct pki_template *t = c->tmpl;
    if (t->not_before_us % CX_US_PER_S || t->not_after_us % CX_US_PER_S)
        return refuse(c, "/not_before", "validity-seconds", "Validity is in whole seconds.");
    if (t->not_after_us <= t->not_before_us)
        return refuse(c, "/not_after", "validity-order", "notAfter is not after notBefore.");
    /* RFC 5280 §4.1.2.5: both ends belong to the validity period, hence the second. */
    if ((t->not_after_us - t->not_before_us) / CX_US_PER_S + 1 > c->profile->validity_max_s)
        return refuse(c, "/not_after", "validity-max",
                      "The validity is longer than the profile allows.");
    if (t->not_before_us < now_us - (c->profile->backdate_s + 1) * CX_US_PER_S)
        return refuse(c, "/not_before", "validity-backdate",
                      "notBefore lies further back than the profile allows.");
    /* Certificates made for later would outlive the profile, and the key's theft, unseen. */
    if (!pki_kind_is_ca(c->profile->kind) &&
        t->not_before_us > now_us + PKI_SKEW_MAX_S * CX_US_PER_S)
        return refuse(c, "/not_before", "validity-ahead", "notBefore lies in the future.");
    if (t->not_after_us <= now_us)
        return refuse(c, "/not_after", "validity-past",
                      "The certificate would have expired already.");
    if (t->not_after_us > c->issuer->not_after_us)
        return refuse(c, "/not_after", "validity-issuer",
                      "The certificate would outlive its issuer.");
    return CX_OK;
}

static cx_err check_constraints(const struct check *c)
{
    if (c->tmpl->constraint_count > PKI_CONSTRAINTS_MAX)
        return refuse(c, "/name_constraints", "constraints-max", "Too many name constraints.");
    for (size_t i = 0; i < c->tmpl->constraint_count; i++) {
        char field[40];
        snprintf(field, sizeof(field), "/name_constraints/%zu", i);
        CX_TRY(pki_constraint_check(&c->tmpl->constraints[i], field, c->diag));
    }
    return CX_OK;
}

static cx_err check_ca(const struct check *c)
{
    const struct pki_template *t = c->tmpl;
    if (!pki_kind_is_ca(c->profile->kind)) {
        if (t->path_len_set || t->constraint_count)
            return refuse(c, "/path_len", "ca-only",
                          "Path length and name constraints are for CA certificates.");
        return CX_OK;
    }
    int path_len = t->path_len_set ? t->path_len : c->profile->path_len;
    if (t->path_len_set &&
        (t->path_len < 0 || (c->profile->path_len >= 0 && t->path_len > c->profile->path_len)))
        return refuse(c, "/path_len", "path-len-max", "The path length is above the profile's.");
    if (c->profile->kind == PKI_KIND_ROOT_CA && !cx_bytes_eq(t->spki, c->issuer->spki))
        return refuse(c, "/public_key", "root-not-self-signed",
                      "A root certificate is signed by its own key.");
    /* RFC 5280 §6.1.4 (l): a path length of 0 allows no CA below. */
    if (c->profile->kind == PKI_KIND_SUB_CA && c->issuer->path_len_set &&
        (path_len < 0 || path_len >= c->issuer->path_len))
        return refuse(c, "/path_len", "path-len-issuer",
                      "The issuer's path length does not allow this CA below it.");
    return check_constraints(c);
}

cx_err pki_template_check(const struct pki_template *tmpl, const struct pki_issuer *issuer,
                          cx_time now_us, struct cx_diag *diag)
{
    const struct check c = {tmpl, tmpl->profile, issuer, diag};
    CX_TRY(check_key(&c));
    CX_TRY(check_serial(&c));
    CX_TRY(check_subject(&c));
    CX_TRY(check_names(&c));
    CX_TRY(check_common_name(&c));
    CX_TRY(check_email(&c));
    CX_TRY(check_validity(&c, now_us));
    return check_ca(&c);
}
