#include "pki/name.h"
#include "pki/name_internal.h"

#include <arpa/inet.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ldh(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

cx_err pki_refuse_name(const struct pki_name_place *place, const char *rule, const char *text)
{
    return cx_refuse(place->diag, CX_ERR(PARSE), place->field, rule, "%s", text);
}

/* RFC 1034 §3.5 and RFC 5890 §2.3.1: letters, digits, hyphen; no hyphen at either end; "??--" only
 * for A-labels. */
static cx_err check_label(const struct pki_name_place *place, struct cx_str label)
{
    if (label.len == 0)
        return pki_refuse_name(place, "name-dns-empty-label", "A DNS label is empty.");
    if (label.len > PKI_DNS_LABEL_MAX)
        return pki_refuse_name(place, "name-dns-label-length",
                               "A DNS label is longer than 63 octets.");
    for (size_t i = 0; i < label.len; i++)
        if (!is_ldh(label.ptr[i]))
            return pki_refuse_name(place, "name-dns-character",
                                   "A DNS name has letters, digits, '-' and '.' only; give "
                                   "internationalised names as A-labels (xn--…).");
    if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return pki_refuse_name(place, "name-dns-hyphen", "A DNS label begins or ends with '-'.");
    if (label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-' &&
        (label.len == 4 || label.ptr[0] != 'x' || label.ptr[1] != 'n'))
        return pki_refuse_name(place, "name-dns-reserved-label",
                               "\"--\" in third position is reserved for A-labels (xn--…).");
    return CX_OK;
}

/* What inet_aton takes for a number: decimal, 0-prefixed octal, 0x-prefixed hex ("0x" alone counts
 * as 0). A name whose last label is such a number is an address to many resolvers (WHATWG URL §3.5
 * "ends in a number"). */
static bool is_number(struct cx_str label)
{
    bool hex = label.len >= 2 && label.ptr[0] == '0' && label.ptr[1] == 'x';
    for (size_t i = hex ? 2 : 0; i < label.len; i++)
        if (!is_digit(label.ptr[i]) && !(hex && label.ptr[i] >= 'a' && label.ptr[i] <= 'f'))
            return false;
    return label.len > 0;
}

cx_err pki_dns_check(const struct pki_name_place *place, struct cx_str dns, bool allow_wildcard)
{
    if (dns.len == 0 || dns.len > PKI_DNS_MAX)
        return pki_refuse_name(place, "name-dns-length", "A DNS name has 1 to 253 octets.");
    bool wildcard = allow_wildcard && dns.len > 2 && dns.ptr[0] == '*' && dns.ptr[1] == '.';
    struct cx_str label = {dns.ptr, 0};
    for (size_t i = wildcard ? 2 : 0, start = i; i <= dns.len; i++) {
        if (i < dns.len && dns.ptr[i] == '*')
            return pki_refuse_name(place, "name-dns-wildcard",
                                   "'*' may only be the whole leftmost label, before a domain.");
        if (i < dns.len && dns.ptr[i] != '.')
            continue;
        label = (struct cx_str){dns.ptr + start, i - start};
        CX_TRY(check_label(place, label));
        start = i + 1;
    }
    if (is_number(label))
        return pki_refuse_name(place, "name-dns-address",
                               "The name reads as an IP address or number; use the kind \"ip\".");
    return CX_OK;
}

static cx_err check_ip(const struct pki_name_place *place, struct cx_bytes ip)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (ip.len != 4 && ip.len != 16)
        return pki_refuse_name(place, "name-ip-length", "An IP address has 4 or 16 octets.");
    /* RFC 4291 §2.5.5.2: ::ffff:a.b.c.d is a second spelling of an IPv4 address. */
    if (ip.len == 16 &&
        cx_bytes_eq(CX_BYTES(ip.ptr, sizeof(mapped)), CX_BYTES(mapped, sizeof(mapped))))
        return pki_refuse_name(place, "name-ip-mapped",
                               "Give an IPv4 address as IPv4, not IPv4-mapped.");
    return CX_OK;
}

cx_err pki_name_check(const struct pki_name *name, const char *field, struct cx_diag *diag)
{
    const struct pki_name_place place = {field, diag};
    struct cx_str text = {(const char *)name->value.ptr, name->value.len};
    switch (name->kind) {
    case PKI_NAME_DNS:
        return pki_dns_check(&place, text, true);
    case PKI_NAME_IP:
        return check_ip(&place, name->value);
    case PKI_NAME_EMAIL:
        return pki_email_check(&place, text);
    case PKI_NAME_URI:
        return pki_uri_check(&place, text);
    case PKI_NAME_COUNT:
        break;
    }
    return pki_refuse_name(&place, "name-kind", "Unknown kind of name.");
}

/* Lower-cases ASCII letters from octet `from` on. */
static cx_err copy_lower(struct arena *arena, struct cx_str text, size_t from,
                         struct cx_bytes *ret_copy)
{
    char *copy = NULL;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&copy));
    for (size_t i = 0; i < text.len; i++)
        copy[i] = (char)(i >= from && text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] + 32
                                                                               : text.ptr[i]);
    *ret_copy = CX_BYTES(copy, text.len);
    return CX_OK;
}

/* inet_pton takes exactly the dotted quad without leading zeros and RFC 4291 text, and no zone. */
static cx_err parse_ip(struct arena *arena, const struct pki_name_place *place, struct cx_str text,
                       struct cx_bytes *ret_ip)
{
    char copy[PKI_IP_TEXT_MAX];
    uint8_t ip[16];
    if (text.len == 0 || text.len >= sizeof(copy))
        return pki_refuse_name(place, "name-ip-syntax", "Expected an IPv4 or IPv6 address.");
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    size_t len = inet_pton(AF_INET, copy, ip) == 1    ? 4
                 : inet_pton(AF_INET6, copy, ip) == 1 ? 16
                                                      : 0;
    if (len == 0)
        return pki_refuse_name(
            place, "name-ip-syntax",
            "Expected an IPv4 address as four decimal numbers, or an IPv6 address.");
    return arena_copy(arena, CX_BYTES(ip, len), ret_ip);
}

/* Where the case-insensitive part of an e-mail address starts. */
static size_t after_at(struct cx_str text)
{
    const char *at = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
    return at ? (size_t)(at - text.ptr) : 0;
}

cx_err pki_name_parse(struct arena *arena, enum pki_name_kind kind, struct cx_str text,
                      const char *field, struct cx_diag *diag, struct pki_name *ret_name)
{
    const struct pki_name_place place = {field, diag};
    struct pki_name name = {kind, CX_BYTES_NONE};
    if (text.len > PKI_URI_MAX)
        return pki_refuse_name(&place, "name-length", "The name is too long.");
    if (kind == PKI_NAME_DNS)
        CX_TRY(copy_lower(arena, text, 0, &name.value));
    else if (kind == PKI_NAME_IP)
        CX_TRY(parse_ip(arena, &place, text, &name.value));
    else if (kind == PKI_NAME_EMAIL)
        CX_TRY(copy_lower(arena, text, after_at(text), &name.value));
    else
        CX_TRY(pki_uri_normalise(arena, text, &name.value));
    CX_TRY(pki_name_check(&name, field, diag));
    *ret_name = name;
    return CX_OK;
}

cx_err pki_name_to_text(struct arena *arena, const struct pki_name *name, struct cx_str *ret_text)
{
    if (name->kind != PKI_NAME_IP)
        return cx_str_view(name->value, ret_text);
    char text[INET6_ADDRSTRLEN] = "";
    if ((name->value.len != 4 && name->value.len != 16) ||
        !inet_ntop(name->value.len == 4 ? AF_INET : AF_INET6, name->value.ptr, text, sizeof(text)))
        return CX_ERR(PARSE);
    return arena_copy_str(arena, cx_str_from(text), ret_text);
}

bool pki_dns_is_wildcard(struct cx_bytes dns)
{
    return dns.len > 2 && dns.ptr[0] == '*' && dns.ptr[1] == '.';
}

bool pki_dns_is_single_label(struct cx_bytes dns)
{
    return dns.len > 0 && !memchr(dns.ptr, '.', dns.len);
}

bool pki_dns_within(struct cx_bytes dns, struct cx_str suffix)
{
    if (suffix.len == 0 || !cx_str_ends((struct cx_str){(const char *)dns.ptr, dns.len}, suffix))
        return false;
    return dns.len == suffix.len || dns.ptr[dns.len - suffix.len - 1] == '.';
}

bool pki_name_eq(const struct pki_name *a, const struct pki_name *b)
{
    return a->kind == b->kind && cx_bytes_eq(a->value, b->value);
}
