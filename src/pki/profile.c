/*
 * Reading a profile. The YAML tree is walked with codec/json.h's typed readers, so every refusal
 * carries the pointer of the key; then the bounds are checked against each other and against the
 * kind.
 */
#include "pki/profile.h"
#include "base/checked.h"
#include "base/number.h"
#include "codec/der.h"
#include "codec/yaml.h"
#include "pki/lint.h"
#include "pki/name.h"
#include "pki/words_internal.h"

enum {
    TITLE_MAX = 200,
    APPROVALS_MAX = 10,
    PATH_LEN_MAX = 15,
    USAGE_CA = 1u << 5 | 1u << 6, /* keyCertSign, cRLSign */
};
#define VALIDITY_MAX_S (INT64_C(40) * 366 * 86400)
#define BACKDATE_MAX_S (INT64_C(48) * 3600)

struct reader {
    struct arena *arena;
    struct cx_diag *diag;
    struct json_node top;
};

static cx_err read_name(struct reader *r, struct cx_str *ret_name)
{
    struct cx_str name = CX_STR_NONE;
    CX_TRY(json_read_str(&r->top, "name", 64, r->diag, &name));
    struct json_node node = json_member(&r->top, "name");
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.ptr[i]))
            return json_refuse(&node, r->diag, CX_ERR(PARSE), "profile-name",
                               "A profile name has lower-case letters, digits and '-' only.");
    if (name.len == 0 || name.ptr[0] == '-')
        return json_refuse(&node, r->diag, CX_ERR(PARSE), "profile-name",
                           "A profile name starts with a letter or digit.");
    return arena_copy_str(r->arena, name, ret_name);
}

/* A list of words as a bit set; each word once. */
static cx_err read_bits(struct reader *r, const struct json_node *object, const char *key,
                        const char *const *words, size_t word_count, uint32_t *ret_bits)
{
    struct json_node list = {0};
    size_t count = 0;
    uint32_t bits = 0;
    CX_TRY(json_read_array(object, key, word_count, r->diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        size_t index = 0;
        CX_TRY(json_as_word(&item, words, word_count, r->diag, &index));
        if (bits & 1u << index)
            return json_refuse(&item, r->diag, CX_ERR(PARSE), "duplicate",
                               "The word is listed twice.");
        bits |= 1u << index;
    }
    *ret_bits = bits;
    return CX_OK;
}

/* "90d", "12h", "5m", "30s". */
static cx_err read_duration(struct reader *r, const struct json_node *object, const char *key,
                            int64_t max_s, int64_t *ret_s)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_read_str(object, key, 16, r->diag, &text));
    struct json_node node = json_member(object, key);
    char unit = text.len ? text.ptr[text.len - 1] : 0;
    int64_t scale = unit == 'd'   ? 86400
                    : unit == 'h' ? 3600
                    : unit == 'm' ? 60
                    : unit == 's' ? 1
                                  : 0;
    int64_t value = 0;
    if (scale == 0 ||
        cx_failed(cx_parse_i64((struct cx_str){text.ptr, text.len - 1}, 0, max_s / scale, &value)))
        return json_refuse(
            &node, r->diag, CX_ERR(PARSE), "duration",
            "A duration is a whole number and a unit: 90d, 12h, 5m or 30s, within bounds.");
    *ret_s = value * scale;
    return CX_OK;
}

typedef cx_err item_reader(struct reader *r, const struct json_node *item, struct cx_str *ret_text);

static cx_err refuse_duplicate(struct reader *r, const struct json_node *item,
                               const struct cx_str *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(texts[i], texts[count]))
            return json_refuse(item, r->diag, CX_ERR(PARSE), "duplicate",
                               "The value is listed twice.");
    return CX_OK;
}

/* A list of texts, each read by read_item. Absent = empty. */
static cx_err read_texts(struct reader *r, const struct json_node *object, const char *key,
                         item_reader *read_item, const struct cx_str **ret_texts, size_t *ret_count)
{
    if (!json_has(object, key))
        return CX_OK;
    struct json_node list = {0};
    size_t count = 0;
    CX_TRY(json_read_array(object, key, PKI_PROFILE_LIST_MAX, r->diag, &list, &count));
    struct cx_str *texts = NULL;
    CX_TRY(ARENA_NEW_ARRAY(r->arena, count, &texts));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(read_item(r, &item, &texts[i]));
        CX_TRY(refuse_duplicate(r, &item, texts, i));
    }
    *ret_texts = texts;
    *ret_count = count;
    return CX_OK;
}

static cx_err read_oid(struct reader *r, const struct json_node *item, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    struct der_oid oid;
    CX_TRY(json_as_str(item, DER_OID_TEXT_MAX, r->diag, &text));
    if (cx_failed(der_oid_from_text(text, &oid)))
        return json_refuse(item, r->diag, CX_ERR(PARSE), "oid",
                           "Expected a dotted object identifier.");
    return arena_copy_str(r->arena, text, ret_text);
}

static cx_err read_usage(struct reader *r, const struct json_node *item, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_as_str(item, DER_OID_TEXT_MAX, r->diag, &text));
    for (size_t i = 0; i < PKI_EKU_WORD_COUNT; i++)
        if (cx_str_is(text, pki_eku_words[i].word)) {
            *ret_text = cx_str_from(pki_eku_words[i].dotted);
            return CX_OK;
        }
    /* RFC 5280 §4.2.1.12 anyExtendedKeyUsage: allows everything, so it says nothing. */
    if (cx_str_is(text, "2.5.29.37.0"))
        return json_refuse(item, r->diag, CX_ERR(POLICY), "any-ext-key-usage",
                           "anyExtendedKeyUsage is not allowed: list the usages.");
    return read_oid(r, item, ret_text);
}

static cx_err read_suffix(struct reader *r, const struct json_node *item, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_as_str(item, PKI_DNS_MAX, r->diag, &text));
    struct pki_name name = {0};
    char field[DIAG_FIELD_MAX];
    json_pointer(item, field);
    CX_TRY(pki_name_parse(r->arena, PKI_NAME_DNS, text, field, r->diag, &name));
    if (name.value.ptr[0] == '*')
        return json_refuse(item, r->diag, CX_ERR(PARSE), "name-wildcard",
                           "A suffix has no wildcard.");
    *ret_text = (struct cx_str){(const char *)name.value.ptr, name.value.len};
    return CX_OK;
}

static cx_err read_rule_name(struct reader *r, const struct json_node *item,
                             struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_as_str(item, DIAG_RULE_MAX - 1, r->diag, &text));
    if (!pki_lint_rule_find(text)) /* misspelt, it would leave the rule in force unnoticed */
        return json_refuse(item, r->diag, CX_ERR(PARSE), "lint-rule",
                           "Not a lint rule; docs/lint.md lists them.");
    return arena_copy_str(r->arena, text, ret_text);
}

static cx_err read_flag(struct reader *r, const struct json_node *object, const char *key,
                        bool *ret_flag)
{
    return json_has(object, key) ? json_read_bool(object, key, r->diag, ret_flag) : CX_OK;
}

static cx_err read_count(struct reader *r, const struct json_node *object, const char *key,
                         int64_t max, uint32_t *ret_count)
{
    int64_t value = 0;
    CX_TRY(json_read_i64(object, key, 0, max, r->diag, &value));
    *ret_count = (uint32_t)value;
    return CX_OK;
}

static cx_err read_names(struct reader *r, struct pki_profile *p)
{
    static const char *const keys[] = {"kinds", "wildcard", "single_label",
                                       "min",   "max",      "dns_suffixes"};
    if (!json_has(&r->top, "names"))
        return CX_OK;
    struct json_node names = {0};
    CX_TRY(json_read_object(&r->top, "names", r->diag, &names));
    CX_TRY(json_only(&names, keys, CX_COUNT_OF(keys), r->diag));
    CX_TRY(read_bits(r, &names, "kinds", pki_name_kind_words, PKI_NAME_COUNT, &p->name_kinds));
    CX_TRY(read_flag(r, &names, "wildcard", &p->wildcard));
    CX_TRY(read_flag(r, &names, "single_label", &p->single_label));
    CX_TRY(read_count(r, &names, "min", PKI_NAMES_MAX, &p->names_min));
    CX_TRY(read_count(r, &names, "max", PKI_NAMES_MAX, &p->names_max));
    return read_texts(r, &names, "dns_suffixes", read_suffix, &p->dns_suffixes,
                      &p->dns_suffix_count);
}

static cx_err read_validity(struct reader *r, struct pki_profile *p)
{
    static const char *const keys[] = {"max", "default", "backdate"};
    struct json_node validity = {0};
    CX_TRY(json_read_object(&r->top, "validity", r->diag, &validity));
    CX_TRY(json_only(&validity, keys, CX_COUNT_OF(keys), r->diag));
    CX_TRY(read_duration(r, &validity, "max", VALIDITY_MAX_S, &p->validity_max_s));
    CX_TRY(read_duration(r, &validity, "default", VALIDITY_MAX_S, &p->validity_default_s));
    return read_duration(r, &validity, "backdate", BACKDATE_MAX_S, &p->backdate_s);
}

static cx_err read_approvals(struct reader *r, struct pki_profile *p)
{
    static const char *const keys[] = {"issue", "revoke"};
    struct json_node approvals = {0};
    CX_TRY(json_read_object(&r->top, "approvals", r->diag, &approvals));
    CX_TRY(json_only(&approvals, keys, CX_COUNT_OF(keys), r->diag));
    CX_TRY(read_count(r, &approvals, "issue", APPROVALS_MAX, &p->approvals_issue));
    return read_count(r, &approvals, "revoke", APPROVALS_MAX, &p->approvals_revoke);
}

static cx_err read_identity(struct reader *r, struct pki_profile *p)
{
    size_t index = 0;
    int64_t number = 0;
    struct cx_str title = CX_STR_NONE;
    CX_TRY(read_name(r, &p->name));
    CX_TRY(json_read_i64(&r->top, "version", 1, UINT32_MAX, r->diag, &number));
    p->version = (uint32_t)number;
    CX_TRY(json_read_str(&r->top, "title", TITLE_MAX, r->diag, &title));
    CX_TRY(arena_copy_str(r->arena, title, &p->title));
    CX_TRY(json_read_word(&r->top, "kind", pki_kind_words, PKI_KIND_COUNT, r->diag, &index));
    p->kind = (enum pki_kind)index;
    CX_TRY(json_read_word(&r->top, "trust", pki_trust_words, 2, r->diag, &index));
    p->trust = (enum pki_trust)index;
    p->path_len = -1;
    if (json_has(&r->top, "path_len")) {
        CX_TRY(json_read_i64(&r->top, "path_len", 0, PATH_LEN_MAX, r->diag, &number));
        p->path_len = (int)number;
    }
    return CX_OK;
}

static cx_err read_profile(struct reader *r, struct pki_profile *p)
{
    static const char *const keys[] = {
        "name",          "version",   "title",       "kind",        "trust",      "key_types",
        "names",         "subject",   "validity",    "key_usage",   "policies",   "path_len",
        "ext_key_usage", "approvals", "must_staple", "lint_ignore", "server_key", "lint_baseline"};
    CX_TRY(json_only(&r->top, keys, CX_COUNT_OF(keys), r->diag));
    CX_TRY(read_identity(r, p));
    CX_TRY(read_bits(r, &r->top, "key_types", pki_key_type_words, PKI_KEY_COUNT, &p->key_types));
    CX_TRY(read_names(r, p));
    CX_TRY(read_bits(r, &r->top, "subject", pki_attribute_words, PKI_ATTR_COUNT, &p->attributes));
    CX_TRY(read_validity(r, p));
    CX_TRY(read_bits(r, &r->top, "key_usage", pki_key_usage_words, PKI_KEY_USAGE_COUNT,
                     &p->key_usage));
    CX_TRY(read_texts(r, &r->top, "ext_key_usage", read_usage, &p->ext_key_usage,
                      &p->ext_key_usage_count));
    CX_TRY(read_texts(r, &r->top, "policies", read_oid, &p->policies, &p->policy_count));
    CX_TRY(read_texts(r, &r->top, "lint_ignore", read_rule_name, &p->lint_ignore,
                      &p->lint_ignore_count));
    CX_TRY(read_flag(r, &r->top, "lint_baseline", &p->lint_baseline));
    CX_TRY(read_flag(r, &r->top, "must_staple", &p->must_staple));
    CX_TRY(read_flag(r, &r->top, "server_key", &p->server_key));
    return read_approvals(r, p);
}

static cx_err contradiction(const struct reader *r, const char *field, const char *text)
{
    return cx_refuse(r->diag, CX_ERR(POLICY), field, "profile-contradiction", "%s", text);
}

static cx_err check_ca(const struct reader *r, const struct pki_profile *p)
{
    bool ca = pki_kind_is_ca(p->kind);
    /* RFC 5280 §4.2.1.3: keyCertSign MUST only be asserted by a CA. */
    if (ca && (p->key_usage & USAGE_CA) != USAGE_CA)
        return contradiction(r, "/key_usage", "A CA profile needs key_cert_sign and crl_sign.");
    if (!ca && (p->key_usage & USAGE_CA))
        return contradiction(r, "/key_usage",
                             "key_cert_sign and crl_sign are for CA profiles only.");
    if (!ca && p->path_len >= 0)
        return contradiction(r, "/path_len", "A path length is for CA profiles only.");
    if (ca && (p->names_max || p->server_key || p->must_staple))
        return contradiction(r, "/kind",
                             "A CA profile has no names, server-side keys or must_staple.");
    return CX_OK;
}

static cx_err check_bounds(const struct reader *r, const struct pki_profile *p)
{
    if (p->key_types == 0)
        return contradiction(r, "/key_types", "At least one key type must be allowed.");
    if (p->key_usage == 0)
        return contradiction(r, "/key_usage", "At least one key usage must be given.");
    if (p->names_min > p->names_max)
        return contradiction(r, "/names/min", "min is above max.");
    if ((p->names_max == 0) != (p->name_kinds == 0))
        return contradiction(r, "/names/kinds", "Name kinds and a maximum above zero go together.");
    if (p->names_min == 0 && p->attributes == 0)
        return contradiction(r, "/subject", "A certificate needs a subject attribute or a name.");
    if (p->validity_default_s < 1 || p->validity_default_s > p->validity_max_s)
        return contradiction(r, "/validity/default", "default must be above zero and at most max.");
    bool dns = p->name_kinds & 1u << PKI_NAME_DNS;
    if (!dns && (p->wildcard || p->single_label || p->dns_suffix_count))
        return contradiction(r, "/names",
                             "wildcard, single_label and dns_suffixes need the kind dns.");
    if (p->trust == PKI_TRUST_PUBLIC && p->lint_ignore_count)
        return contradiction(r, "/lint_ignore", "Public trust cannot leave out lint rules.");
    /* BR 2.2.6 §4.2.2: no internal names. */
    if (p->trust == PKI_TRUST_PUBLIC && p->single_label)
        return contradiction(r, "/names/single_label", "Public trust has no single-label names.");
    return check_ca(r, p);
}

cx_err pki_profile_parse(struct arena *arena, struct cx_bytes yaml, struct cx_diag *diag,
                         struct pki_profile *ret_profile)
{
    json_auto_t *root = NULL;
    struct pki_profile profile = {0};
    CX_TRY(yaml_parse(yaml, PKI_PROFILE_YAML_MAX, diag, &root));
    struct reader r = {arena, diag, json_top(root)};
    CX_TRY(read_profile(&r, &profile));
    CX_TRY(check_bounds(&r, &profile));
    *ret_profile = profile;
    return CX_OK;
}
