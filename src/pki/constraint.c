#include "pki/constraint.h"
#include "codec/der.h"
#include "pki/general_name.h"
#include "pki/name.h"
#include "pki/oid.h"

static cx_err read_subtrees(struct der_reader *list, bool excluded, struct cx_diag *diag,
                            struct pki_constraint *constraints, size_t *count)
{
    while (!der_at_end(list)) {
        struct der_reader subtree;
        struct pki_name base;
        if (*count == PKI_CONSTRAINTS_MAX)
            return cx_refuse(diag, CX_ERR(LIMIT), "", "constraints-max",
                             "More than %d name constraints.", PKI_CONSTRAINTS_MAX);
        CX_TRY(der_enter(list, DER_SEQUENCE, &subtree));
        CX_TRY(pki_general_name_parse(&subtree, "", diag, &base));
        CX_TRY(der_finish(&subtree)); /* minimum is 0 and maximum absent: §4.2.1.10 */
        constraints[(*count)++] = (struct pki_constraint){base.kind, excluded, base.value};
    }
    return CX_OK;
}

cx_err pki_constraints_read(struct arena *arena, const struct pki_certificate *certificate,
                            struct cx_diag *diag, const struct pki_constraint **ret_constraints,
                            size_t *ret_count)
{
    const struct pki_extension *extension =
        pki_certificate_extension(certificate, pki_oid(PKI_OID_NAME_CONSTRAINTS));
    struct der_reader reader;
    struct der_reader list;
    struct pki_constraint *constraints = NULL;
    size_t count = 0;
    if (!extension)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_CONSTRAINTS_MAX, &constraints));
    CX_TRY(der_enter_only(extension->value, DER_SEQUENCE, &reader));
    for (uint8_t i = 0; i < 2; i++) {
        if (!der_next_is(&reader, DER_CONTEXT_CONSTRUCTED(i)))
            continue;
        CX_TRY(der_enter(&reader, DER_CONTEXT_CONSTRUCTED(i), &list));
        CX_TRY(read_subtrees(&list, i == 1, diag, constraints, &count));
    }
    CX_TRY(der_finish(&reader));
    *ret_constraints = constraints;
    *ret_count = count;
    return CX_OK;
}

/* A mask is ones, then zeros. */
static bool mask_ok(const uint8_t *mask, size_t len)
{
    bool ended = false;
    for (size_t bit = 0; bit < len * 8; bit++) {
        bool one = mask[bit / 8] >> (7 - bit % 8) & 1;
        if (one && ended)
            return false;
        ended = ended || !one;
    }
    return true;
}

cx_err pki_constraint_check(const struct pki_constraint *constraint, const char *field,
                            struct cx_diag *diag)
{
    struct cx_bytes value = constraint->value;
    if (constraint->kind == PKI_NAME_IP) {
        if ((value.len != 8 && value.len != 32) ||
            !mask_ok(value.ptr + value.len / 2, value.len / 2))
            return cx_refuse(
                diag, CX_ERR(PARSE), field, "constraint-ip",
                "An address constraint is an address and a mask of ones followed by zeros.");
        return CX_OK;
    }
    if (constraint->kind == PKI_NAME_EMAIL && value.len && memchr(value.ptr, '@', value.len))
        return pki_name_check(&(struct pki_name){PKI_NAME_EMAIL, value}, field, diag);
    /* email and uri: ".example.org" means hosts below it only. */
    if (constraint->kind != PKI_NAME_DNS && value.len > 1 && value.ptr[0] == '.')
        value = CX_BYTES(value.ptr + 1, value.len - 1);
    if (pki_dns_is_wildcard(value))
        return cx_refuse(diag, CX_ERR(PARSE), field, "constraint-wildcard",
                         "A constraint has no wildcard.");
    return pki_name_check(&(struct pki_name){PKI_NAME_DNS, value}, field, diag);
}

static bool ip_within(struct cx_bytes ip, struct cx_bytes range)
{
    if (range.len != ip.len * 2)
        return false;
    for (size_t i = 0; i < ip.len; i++)
        if ((ip.ptr[i] ^ range.ptr[i]) & range.ptr[ip.len + i])
            return false;
    return true;
}

/* §4.2.1.10 for rfc822Name and URI: "host" is that host alone, ".domain" all hosts below it. */
static bool host_within(struct cx_bytes host, struct cx_bytes base)
{
    if (base.len && base.ptr[0] == '.')
        return host.len > base.len &&
               cx_bytes_eq(CX_BYTES(host.ptr + host.len - base.len, base.len), base);
    return cx_bytes_eq(host, base);
}

static struct cx_bytes uri_host(struct cx_bytes uri)
{
    const uint8_t *start = memmem(uri.ptr, uri.len, "://", 3);
    if (!start)
        return CX_BYTES_NONE;
    start += 3;
    size_t left = uri.len - (size_t)(start - uri.ptr);
    size_t len = 0;
    while (len < left && !strchr("/?#:", start[len]))
        len++;
    return CX_BYTES(start, len);
}

static bool within(const struct pki_name *name, const struct pki_constraint *constraint)
{
    struct cx_bytes value = name->value;
    if (name->kind == PKI_NAME_IP)
        return ip_within(value, constraint->value);
    if (name->kind == PKI_NAME_DNS)
        return pki_dns_within(
            value, (struct cx_str){(const char *)constraint->value.ptr, constraint->value.len});
    if (name->kind == PKI_NAME_URI)
        return host_within(uri_host(value), constraint->value);
    if (memchr(constraint->value.ptr, '@', constraint->value.len))
        return cx_bytes_eq(value, constraint->value);
    const uint8_t *at = memrchr(value.ptr, '@', value.len);
    return at && host_within(CX_BYTES(at + 1, value.len - (size_t)(at + 1 - value.ptr)),
                             constraint->value);
}

cx_err pki_constraints_allow(const struct pki_constraint *constraints, size_t count,
                             const struct pki_name *name, const char *field, struct cx_diag *diag)
{
    bool restricted = false;
    bool permitted = false;
    for (size_t i = 0; i < count; i++) {
        if (constraints[i].kind != name->kind)
            continue;
        bool inside = within(name, &constraints[i]);
        if (constraints[i].excluded && inside)
            return cx_refuse(diag, CX_ERR(POLICY), field, "issuer-constraint-excluded",
                             "The issuer's name constraints exclude this name.");
        restricted = restricted || !constraints[i].excluded;
        permitted = permitted || (!constraints[i].excluded && inside);
    }
    if (restricted && !permitted)
        return cx_refuse(diag, CX_ERR(POLICY), field, "issuer-constraint-permitted",
                         "The issuer's name constraints do not permit this name.");
    return CX_OK;
}
