/* Takes the certificate apart for the rules. */
#include "pki/lint/view.h"
#include "pki/lint/oid.h"

bool lint_next(struct der_reader *reader, struct der_value *ret_value)
{
    return !der_at_end(reader) && cx_is_ok(der_read_any(reader, ret_value));
}

const struct pki_extension *lint_extension(const struct pki_certificate *certificate,
                                           struct cx_bytes oid)
{
    for (size_t i = 0; i < certificate->extension_count; i++) {
        if (cx_bytes_eq(certificate->extensions[i].oid, oid))
            return &certificate->extensions[i];
    }
    return NULL;
}

bool lint_next_attribute(struct der_reader *rdns, struct der_reader *rdn,
                         struct lint_attribute *ret_attribute)
{
    while (der_at_end(rdn)) {
        if (der_at_end(rdns) || cx_failed(der_enter(rdns, DER_SET, rdn)))
            return false;
    }
    struct der_reader pair;
    return cx_is_ok(der_enter(rdn, DER_SEQUENCE, &pair)) &&
           cx_is_ok(der_read_oid(&pair, &ret_attribute->type)) &&
           cx_is_ok(der_read_any(&pair, &ret_attribute->value));
}

bool lint_subject_attribute(const struct lint_view *view, struct cx_bytes type, size_t nth,
                            struct der_value *ret_value)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        if (cx_bytes_eq(attribute.type, type) && nth-- == 0) {
            *ret_value = attribute.value;
            return true;
        }
    }
    return false;
}

bool lint_item_oid(const struct der_value *item, struct cx_bytes *ret_oid)
{
    struct der_reader reader = der_reader(item->tag == DER_SEQUENCE ? item->content : item->whole);
    return cx_is_ok(der_read_oid(&reader, ret_oid));
}

static bool has_oid(struct cx_bytes items, struct cx_bytes wanted)
{
    struct der_reader reader = der_reader(items);
    struct der_value item;
    struct cx_bytes oid;
    while (lint_next(&reader, &item)) {
        if (lint_item_oid(&item, &oid) && cx_bytes_eq(oid, wanted))
            return true;
    }
    return false;
}

bool lint_has_ext_key_usage(const struct lint_view *view, struct cx_bytes oid)
{
    return has_oid(view->ext_key_usage.items, oid);
}

bool lint_has_policy(const struct lint_view *view, struct cx_bytes oid)
{
    return has_oid(view->policies.items, oid);
}

bool lint_policy_reserved(struct cx_bytes oid)
{
    return cx_bytes_eq(oid, LINT_OID_POLICY_EV) || cx_bytes_eq(oid, LINT_OID_POLICY_DV) ||
           cx_bytes_eq(oid, LINT_OID_POLICY_OV) || cx_bytes_eq(oid, LINT_OID_POLICY_IV);
}

size_t lint_reserved_policy_count(const struct lint_view *view)
{
    struct der_reader policies = der_reader(view->policies.items);
    struct der_value policy;
    struct cx_bytes oid;
    size_t count = 0;
    while (lint_next(&policies, &policy))
        count += lint_item_oid(&policy, &oid) && lint_policy_reserved(oid);
    return count;
}

struct cx_bytes lint_policy_qualifiers(const struct der_value *policy)
{
    struct der_reader fields = der_reader(policy->content);
    struct cx_bytes oid;
    struct cx_bytes qualifiers;
    if (cx_failed(der_read_oid(&fields, &oid)) ||
        cx_failed(der_read(&fields, DER_SEQUENCE, &qualifiers)))
        return CX_BYTES_NONE;
    return qualifiers;
}

bool lint_next_subtree(struct der_reader *lists, struct der_reader *subtrees,
                       struct lint_subtree *ret_subtree)
{
    while (der_at_end(subtrees)) {
        struct der_value list;
        if (!lint_next(lists, &list))
            return false;
        ret_subtree->excluded = list.tag == DER_CONTEXT_CONSTRUCTED(1);
        *subtrees = der_reader(list.content);
    }
    struct der_reader subtree;
    return cx_is_ok(der_enter(subtrees, DER_SEQUENCE, &subtree)) &&
           cx_is_ok(der_read_any(&subtree, &ret_subtree->base));
}

/* fullName of one DistributionPoint: [0] { [0] GeneralNames } (RFC 5280 §4.2.1.13). */
bool lint_full_name(struct der_reader point, struct der_reader *ret_names)
{
    struct der_reader name;
    return cx_is_ok(der_enter(&point, DER_CONTEXT_CONSTRUCTED(0), &name)) &&
           cx_is_ok(der_enter(&name, DER_CONTEXT_CONSTRUCTED(0), ret_names));
}

bool lint_next_crl_uri(struct der_reader *points, struct der_reader *names,
                       struct cx_bytes *ret_uri)
{
    for (;;) {
        struct der_value name;
        while (lint_next(names, &name)) {
            if (name.tag == LINT_GN_URI) {
                *ret_uri = name.content;
                return true;
            }
        }
        struct der_reader point;
        if (der_at_end(points) || cx_failed(der_enter(points, DER_SEQUENCE, &point)))
            return false;
        *names = der_reader(CX_BYTES_NONE);
        (void)lint_full_name(point, names);
    }
}

bool lint_next_access(struct der_reader *descriptions, struct cx_bytes *ret_method,
                      struct der_value *ret_location)
{
    struct der_reader description;
    return !der_at_end(descriptions) &&
           cx_is_ok(der_enter(descriptions, DER_SEQUENCE, &description)) &&
           cx_is_ok(der_read_oid(&description, ret_method)) &&
           cx_is_ok(der_read_any(&description, ret_location));
}

/* Is every value of the run well formed, and accepted by item? */
static bool run_valid(struct cx_bytes items, bool (*item)(const struct der_value *value))
{
    struct der_reader reader = der_reader(items);
    while (!der_at_end(&reader)) {
        struct der_value value;
        if (cx_failed(der_read_any(&reader, &value)) || !item(&value))
            return false;
    }
    return true;
}

static bool is_any(const struct der_value *value)
{
    return value->tag != 0;
}

static bool is_oid(const struct der_value *value)
{
    return value->tag == DER_OID && der_oid_valid(value->content);
}

/* PolicyInformation (RFC 5280 §4.2.1.4). */
static bool is_policy(const struct der_value *value)
{
    struct der_reader reader = der_reader(value->content);
    struct cx_bytes oid;
    struct cx_bytes qualifiers;
    if (value->tag != DER_SEQUENCE || cx_failed(der_read_oid(&reader, &oid)))
        return false;
    if (!der_at_end(&reader) && (cx_failed(der_read(&reader, DER_SEQUENCE, &qualifiers)) ||
                                 qualifiers.len == 0 || !run_valid(qualifiers, is_any)))
        return false;
    return der_at_end(&reader);
}

/* GeneralName (RFC 5280 §4.2.1.6). */
static bool is_general_name(const struct der_value *value)
{
    switch (value->tag) {
    case 0x81:
    case 0x82:
    case 0x86:
        return der_text_valid(DER_IA5_STRING, value->content);
    case 0x87:
        return true;
    case 0x88:
        return der_oid_valid(value->content);
    case 0xa0:
    case 0xa3:
    case 0xa4:
    case 0xa5:
        return run_valid(value->content, is_any);
    default:
        return false;
    }
}

static bool is_access_description(const struct der_value *value)
{
    struct der_reader reader = der_reader(value->content);
    struct cx_bytes method;
    struct der_value location;
    return value->tag == DER_SEQUENCE && cx_is_ok(der_read_oid(&reader, &method)) &&
           cx_is_ok(der_read_any(&reader, &location)) && is_general_name(&location) &&
           der_at_end(&reader);
}

/* DistributionPoint: [0] distributionPoint, [1] reasons, [2] cRLIssuer, in this order, each
 * optional. */
static bool is_distribution_point(const struct der_value *value)
{
    static const uint8_t tags[] = {DER_CONTEXT_CONSTRUCTED(0), DER_CONTEXT(1),
                                   DER_CONTEXT_CONSTRUCTED(2)};
    if (value->tag != DER_SEQUENCE)
        return false;
    struct der_reader reader = der_reader(value->content);
    for (size_t i = 0; i < sizeof(tags); i++) {
        struct cx_bytes content;
        if (der_next_is(&reader, tags[i]) && cx_failed(der_read(&reader, tags[i], &content)))
            return false;
    }
    struct der_reader names;
    bool named = lint_full_name(der_reader(value->content), &names);
    return der_at_end(&reader) && (!named || run_valid(names.rest, is_general_name));
}

/* GeneralSubtrees under [0] and [1] (RFC 5280 §4.2.1.10). */
static bool is_subtrees(const struct der_value *value)
{
    bool tagged =
        value->tag == DER_CONTEXT_CONSTRUCTED(0) || value->tag == DER_CONTEXT_CONSTRUCTED(1);
    struct der_reader reader = der_reader(value->content);
    while (tagged && !der_at_end(&reader)) {
        struct der_reader subtree;
        struct der_value base;
        if (cx_failed(der_enter(&reader, DER_SEQUENCE, &subtree)) ||
            cx_failed(der_read_any(&subtree, &base)))
            return false;
    }
    return tagged && value->content.len > 0;
}

static bool is_pair(const struct der_value *value)
{
    struct der_reader pair = der_reader(value->content);
    struct cx_bytes oid;
    struct der_value text;
    return value->tag == DER_SEQUENCE && cx_is_ok(der_read_oid(&pair, &oid)) &&
           cx_is_ok(der_read_any(&pair, &text)) && der_at_end(&pair);
}

static bool is_rdn(const struct der_value *value)
{
    return value->tag == DER_SET && value->content.len > 0 && run_valid(value->content, is_pair);
}

/* An extension whose value is a SEQUENCE OF item. */
static struct lint_part part(const struct pki_certificate *certificate, struct cx_bytes oid,
                             bool (*item)(const struct der_value *value))
{
    struct lint_part part = {.extension = lint_extension(certificate, oid)};
    struct der_reader inner;
    if (!part.extension || cx_failed(der_enter_only(part.extension->value, DER_SEQUENCE, &inner)) ||
        !run_valid(inner.rest, item))
        return part;
    part.well_formed = true;
    part.items = inner.rest;
    return part;
}

static void read_basic_constraints(struct lint_view *view)
{
    struct lint_part *part = &view->basic_constraints;
    struct der_reader reader = der_reader(part->items);
    bool is_ca = false;
    int64_t path_len = -1;
    /* X.690 §11.5: a DEFAULT value (cA FALSE) is not encoded. */
    bool valid = part->well_formed;
    if (valid && der_next_is(&reader, DER_BOOLEAN))
        valid = cx_is_ok(der_read_bool(&reader, &is_ca)) && is_ca;
    if (valid && !der_at_end(&reader))
        valid = cx_is_ok(der_read_i64(&reader, 0, INT32_MAX, &path_len));
    part->well_formed = valid && der_at_end(&reader);
    view->is_ca = part->well_formed && is_ca;
    view->path_len = part->well_formed ? path_len : -1;
}

static void read_key_usage(struct lint_view *view)
{
    struct lint_part *part = &view->key_usage;
    part->extension = lint_extension(view->certificate, LINT_OID_KEY_USAGE);
    if (!part->extension)
        return;
    struct der_reader reader = der_reader(part->extension->value);
    uint32_t bits = 0;
    part->well_formed = cx_is_ok(der_read_named_bits(&reader, &bits)) && der_at_end(&reader) &&
                        bits <= (LINT_KU_DECIPHER_ONLY << 1) - 1;
    view->usage = part->well_formed ? bits : 0;
}

static void read_key_ids(struct lint_view *view)
{
    view->ski.extension = lint_extension(view->certificate, LINT_OID_SKI);
    if (view->ski.extension) {
        struct der_reader reader = der_reader(view->ski.extension->value);
        view->ski.well_formed = cx_is_ok(der_read_octet_string(&reader, &view->key_id)) &&
                                der_at_end(&reader) && view->key_id.len > 0;
    }
    view->aki = part(view->certificate, LINT_OID_AKI, is_any);
    struct der_reader reader = der_reader(view->aki.items);
    if (der_next_is(&reader, DER_CONTEXT(0)))
        view->aki.well_formed =
            cx_is_ok(der_read(&reader, DER_CONTEXT(0), &view->authority_key_id));
}

static size_t bit_count(struct cx_bytes magnitude)
{
    if (magnitude.len == 0 || magnitude.ptr[0] == 0)
        return 0;
    return magnitude.len * 8 - (size_t)(__builtin_clz(magnitude.ptr[0]) - 24);
}

static bool read_rsa(struct cx_bytes bits, struct lint_key *key)
{
    struct der_reader reader;
    if (cx_failed(der_enter_only(bits, DER_SEQUENCE, &reader)) ||
        cx_failed(der_read_unsigned(&reader, &key->modulus)) ||
        cx_failed(der_read_unsigned(&reader, &key->exponent)))
        return false;
    key->bits = bit_count(key->modulus);
    return der_at_end(&reader);
}

static void read_key(struct cx_bytes spki, struct lint_key *key)
{
    struct der_reader reader;
    struct der_reader algorithm;
    struct cx_bytes bits;
    unsigned unused = 0;
    if (cx_failed(der_enter_only(spki, DER_SEQUENCE, &reader)) ||
        cx_failed(der_enter(&reader, DER_SEQUENCE, &algorithm)) ||
        cx_failed(der_read_oid(&algorithm, &key->algorithm)) ||
        cx_failed(der_read_bit_string(&reader, &bits, &unused)) || unused != 0 ||
        !der_at_end(&reader))
        return;
    key->parameters = algorithm.rest;
    key->well_formed = bits.len > 0;
    if (cx_bytes_eq(key->algorithm, LINT_OID_RSA)) {
        key->kind = LINT_KEY_RSA;
        key->well_formed = read_rsa(bits, key);
    } else if (cx_bytes_eq(key->algorithm, LINT_OID_EC)) {
        key->kind = LINT_KEY_EC;
    } else if (cx_bytes_eq(key->algorithm, LINT_OID_ED25519)) {
        key->kind = LINT_KEY_ED25519;
        key->well_formed = bits.len == 32;
    }
}

static bool read_name(struct cx_bytes der, struct cx_bytes *ret_items)
{
    struct der_reader rdns;
    if (cx_failed(der_enter_only(der, DER_SEQUENCE, &rdns)) || !run_valid(rdns.rest, is_rdn))
        return false;
    *ret_items = rdns.rest;
    return true;
}

/* Finds what the parsed certificate does not keep: how times are encoded, and the unique
 * identifiers. */
static void read_tbs(struct lint_view *view)
{
    struct der_reader tbs;
    struct der_reader validity;
    struct cx_bytes skipped;
    if (cx_failed(der_enter_only(view->certificate->tbs, DER_SEQUENCE, &tbs)))
        return;
    if (der_next_is(&tbs, DER_CONTEXT_CONSTRUCTED(0)) &&
        cx_failed(der_read(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skipped)))
        return;
    if (cx_failed(der_read(&tbs, DER_INTEGER, &skipped)) ||  /* serialNumber */
        cx_failed(der_read(&tbs, DER_SEQUENCE, &skipped)) || /* signature */
        cx_failed(der_read(&tbs, DER_SEQUENCE, &skipped)) || /* issuer */
        cx_failed(der_enter(&tbs, DER_SEQUENCE, &validity)) ||
        cx_failed(der_read_any(&validity, &view->not_before)) ||
        cx_failed(der_read_any(&validity, &view->not_after)) || !der_at_end(&validity) ||
        cx_failed(der_read(&tbs, DER_SEQUENCE, &skipped)) || /* subject */
        cx_failed(der_read(&tbs, DER_SEQUENCE, &skipped)))   /* subjectPublicKeyInfo */
        return;
    view->has_unique_ids = der_next_is(&tbs, DER_CONTEXT(1)) || der_next_is(&tbs, DER_CONTEXT(2));
    view->tbs_well_formed = true;
}

void lint_view_init(const struct pki_certificate *certificate,
                    const struct pki_lint_context *context, struct lint_view *ret_view)
{
    *ret_view = (struct lint_view){
        .certificate = certificate,
        .context = context,
        .baseline = context->trust == PKI_TRUST_PUBLIC || context->baseline,
        .self_issued = cx_bytes_eq(certificate->subject, certificate->issuer),
        .policies = part(certificate, LINT_OID_POLICIES, is_policy),
        .san = part(certificate, LINT_OID_SAN, is_general_name),
        .basic_constraints = part(certificate, LINT_OID_BASIC_CONSTRAINTS, is_any),
        .name_constraints = part(certificate, LINT_OID_NAME_CONSTRAINTS, is_subtrees),
        .policy_constraints = part(certificate, LINT_OID_POLICY_CONSTRAINTS, is_any),
        .ext_key_usage = part(certificate, LINT_OID_EXT_KEY_USAGE, is_oid),
        .crl_points = part(certificate, LINT_OID_CRL_POINTS, is_distribution_point),
        .info_access = part(certificate, LINT_OID_INFO_ACCESS, is_access_description),
    };
    ret_view->subject_well_formed = read_name(certificate->subject, &ret_view->subject_items);
    ret_view->issuer_well_formed = read_name(certificate->issuer, &ret_view->issuer_items);
    read_tbs(ret_view);
    read_basic_constraints(ret_view);
    read_key_usage(ret_view);
    read_key_ids(ret_view);
    read_key(certificate->spki, &ret_view->key);
}
