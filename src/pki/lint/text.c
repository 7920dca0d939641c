#include "pki/lint/text.h"
#include "pki/lint/oid.h"

#include <arpa/inet.h>
#include <strings.h>

enum { DNS_NAME_MAX = 253, DNS_LABEL_MAX = 63 };

static size_t character_count(const struct der_value *value)
{
    if (value->tag == DER_BMP_STRING)
        return value->content.len / 2;
    if (value->tag == DER_UNIVERSAL_STRING)
        return value->content.len / 4;
    size_t count = 0;
    for (size_t i = 0; i < value->content.len; i++)
        count += value->tag != DER_UTF8_STRING || (value->content.ptr[i] & 0xc0) != 0x80;
    return count;
}

void lint_check_length(const struct lint_view *view, struct lint_out *out, struct cx_bytes type,
                       size_t max)
{
    struct der_value value;
    for (size_t i = 0; lint_subject_attribute(view, type, i, &value); i++) {
        if (character_count(&value) > max)
            lint_found(out, "subject", "\"%s\" has %zu characters", lint_show(value.content).text,
                       character_count(&value));
    }
}

void lint_check_repeated(struct cx_bytes items, const char *field, struct lint_out *out)
{
    enum {
        ITEMS_MAX = 64
    }; /* more are compared with the first ones only: the work stays bounded */
    struct cx_bytes seen[ITEMS_MAX];
    size_t count = 0;
    struct der_reader reader = der_reader(items);
    struct der_value item;
    struct cx_bytes oid;
    while (lint_next(&reader, &item)) {
        if (!lint_item_oid(&item, &oid))
            continue;
        for (size_t i = 0; i < count; i++) {
            if (cx_bytes_eq(seen[i], oid)) {
                lint_found(out, field, "an identifier appears twice");
                return;
            }
        }
        if (count < ITEMS_MAX)
            seen[count++] = oid;
    }
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Splits the first label off. */
static struct cx_bytes label_take(struct cx_bytes *name)
{
    size_t len = 0;
    while (len < name->len && name->ptr[len] != '.')
        len++;
    struct cx_bytes label = CX_BYTES(name->ptr, len);
    size_t used = len < name->len ? len + 1 : len;
    *name = CX_BYTES(name->ptr + used, name->len - used);
    return label;
}

static bool label_valid(struct cx_bytes label)
{
    if (label.len == 0 || label.len > DNS_LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!is_letter_or_digit(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    }
    return true;
}

static bool is_wildcard(struct cx_bytes name)
{
    return name.len >= 2 && name.ptr[0] == '*' && name.ptr[1] == '.';
}

bool lint_dns_valid(struct cx_bytes name)
{
    if (name.len == 0 || name.len > DNS_NAME_MAX || name.ptr[name.len - 1] == '.')
        return false;
    if (is_wildcard(name))
        name = CX_BYTES(name.ptr + 2, name.len - 2);
    while (name.len > 0) {
        if (!label_valid(label_take(&name)))
            return false;
    }
    return true;
}

bool lint_dns_internal(struct cx_bytes name)
{
    static const char *const reserved[] = {"local",   "localhost", "internal", "test",
                                           "invalid", "example",   "alt",      "arpa",
                                           "lan",     "home",      "corp"};
    const uint8_t *dot = name.len ? memrchr(name.ptr, '.', name.len) : NULL;
    if (!dot)
        return true;
    size_t len = name.len - (size_t)(dot + 1 - name.ptr);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strlen(reserved[i]) == len && strncasecmp((const char *)dot + 1, reserved[i], len) == 0)
            return true;
    }
    return false;
}

bool lint_dns_reserved_ldh(struct cx_bytes name)
{
    while (name.len > 0) {
        struct cx_bytes label = label_take(&name);
        if (label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-' &&
            strncasecmp((const char *)label.ptr, "xn", 2) != 0)
            return true;
    }
    return false;
}

static int punycode_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0' + 26;
    return is_letter_or_digit(c) ? (c | 0x20) - 'a' : -1;
}

/* RFC 3492 §6.1. */
static uint64_t punycode_bias(uint64_t delta, uint64_t count, bool first)
{
    uint64_t bias = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / count;
    for (; delta > 455; bias += 36)
        delta /= 35;
    return bias + 36 * delta / (delta + 38);
}

/* A generalized variable-length integer (RFC 3492 §3.3), added to *number. */
static bool punycode_add(struct cx_bytes *rest, uint64_t bias, uint64_t *number)
{
    uint64_t weight = 1;
    for (uint64_t k = 36;; k += 36) {
        int digit = rest->len ? punycode_digit(rest->ptr[0]) : -1;
        if (digit < 0)
            return false;
        *rest = CX_BYTES(rest->ptr + 1, rest->len - 1);
        *number += (uint64_t)digit * weight;
        uint64_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (*number > UINT32_MAX || (uint64_t)digit < threshold)
            return *number <= UINT32_MAX;
        weight *= 36 - threshold;
        if (weight > UINT32_MAX)
            return false;
    }
}

/* RFC 3492 §6.2, without keeping what is decoded. */
static bool punycode_valid(struct cx_bytes text)
{
    const uint8_t *hyphen = text.len ? memrchr(text.ptr, '-', text.len) : NULL;
    uint64_t count = hyphen ? (uint64_t)(hyphen - text.ptr) : 0;
    size_t used = hyphen ? (size_t)count + 1 : 0;
    struct cx_bytes rest = CX_BYTES(text.ptr + used, text.len - used);
    uint64_t point = 0x80;
    uint64_t index = 0;
    uint64_t bias = 72;
    bool any = rest.len > 0;
    while (rest.len > 0) {
        uint64_t before = index;
        if (!punycode_add(&rest, bias, &index))
            return false;
        count++;
        bias = punycode_bias(index - before, count, before == 0);
        point += index / count;
        index = index % count + 1;
        if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return any;
}

bool lint_dns_punycode_valid(struct cx_bytes name)
{
    while (name.len > 0) {
        struct cx_bytes label = label_take(&name);
        if (label.len >= 4 && strncasecmp((const char *)label.ptr, "xn--", 4) == 0 &&
            !punycode_valid(CX_BYTES(label.ptr + 4, label.len - 4)))
            return false;
    }
    return true;
}

/* 35 octets in base 32 without padding: key, checksum and the version, 3 (rend-spec-v3 §6). */
static bool onion_label_valid(struct cx_bytes label)
{
    enum { ONION_LEN = 56 };
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')))
            return false;
    }
    return label.len == ONION_LEN && label.ptr[ONION_LEN - 1] == 'd';
}

bool lint_dns_onion_valid(struct cx_bytes name)
{
    struct cx_bytes last = CX_BYTES_NONE;
    struct cx_bytes before = CX_BYTES_NONE;
    while (name.len > 0) {
        before = last;
        last = label_take(&name);
    }
    return last.len != 5 || strncasecmp((const char *)last.ptr, "onion", 5) != 0 ||
           onion_label_valid(before);
}

bool lint_wildcard_valid(struct cx_bytes name)
{
    if (is_wildcard(name))
        name = CX_BYTES(name.ptr + 2, name.len - 2);
    return name.len == 0 || memchr(name.ptr, '*', name.len) == NULL;
}

bool lint_wildcard_too_wide(struct cx_bytes name)
{
    if (!is_wildcard(name))
        return name.len == 1 && name.ptr[0] == '*';
    return memchr(name.ptr + 2, '.', name.len - 2) == NULL;
}

bool lint_mailbox_valid(struct cx_bytes mailbox)
{
    enum { LOCAL_MAX = 64 };
    const uint8_t *at = mailbox.len ? memrchr(mailbox.ptr, '@', mailbox.len) : NULL;
    if (!at)
        return false;
    size_t local = (size_t)(at - mailbox.ptr);
    struct cx_bytes domain = CX_BYTES(at + 1, mailbox.len - local - 1);
    if (local == 0 || local > LOCAL_MAX || is_wildcard(domain) || !lint_dns_valid(domain))
        return false;
    for (size_t i = 0; i < local;
         i++) { /* RFC 5321 §4.1.2: Dot-string; quoted local parts are not used */
        uint8_t c = mailbox.ptr[i];
        bool inner_dot = c == '.' && i > 0 && i + 1 < local && mailbox.ptr[i - 1] != '.';
        if (!is_letter_or_digit(c) && !inner_dot && (c == 0 || !strchr("!#$%&'*+-/=?^_`{|}~", c)))
            return false;
    }
    return true;
}

bool lint_uri_valid(struct cx_bytes uri)
{
    const uint8_t *colon = uri.len ? memchr(uri.ptr, ':', uri.len) : NULL;
    if (!colon || colon == uri.ptr || colon + 1 == uri.ptr + uri.len ||
        !is_letter_or_digit(uri.ptr[0]) || (uri.ptr[0] >= '0' && uri.ptr[0] <= '9'))
        return false;
    for (const uint8_t *c = uri.ptr; c < colon; c++) { /* RFC 3986 §3.1 */
        if (!is_letter_or_digit(*c) && *c != '+' && *c != '-' && *c != '.')
            return false;
    }
    for (const uint8_t *c = colon; c < uri.ptr + uri.len; c++) {
        if (*c <= ' ' || *c >= 0x7f || strchr("\"<>\\^`{|}", *c))
            return false;
    }
    /* RFC 5280 §4.2.1.6: with an authority, there is a host. */
    bool authority = uri.ptr + uri.len - colon > 2 && colon[1] == '/' && colon[2] == '/';
    return !authority || (uri.ptr + uri.len - colon > 3 && colon[3] != '/');
}

bool lint_uri_is_http(struct cx_bytes uri)
{
    return uri.len > 7 && strncasecmp((const char *)uri.ptr, "http://", 7) == 0 &&
           lint_uri_valid(uri);
}

bool lint_uri_is_https(struct cx_bytes uri)
{
    return uri.len > 8 && strncasecmp((const char *)uri.ptr, "https://", 8) == 0 &&
           lint_uri_valid(uri);
}

struct block {
    uint8_t prefix[16];
    unsigned bits;
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry/ (not globally reachable), multicast,
 * class E */
static const struct block V4_RESERVED[] = {{{0}, 8},
                                           {{10}, 8},
                                           {{100, 64}, 10},
                                           {{127}, 8},
                                           {{169, 254}, 16},
                                           {{172, 16}, 12},
                                           {{192, 0, 0}, 24},
                                           {{192, 0, 2}, 24},
                                           {{192, 88, 99}, 24},
                                           {{192, 168}, 16},
                                           {{198, 18}, 15},
                                           {{198, 51, 100}, 24},
                                           {{203, 0, 113}, 24},
                                           {{224}, 4},
                                           {{240}, 4}};
/* https://www.iana.org/assignments/iana-ipv6-special-registry/: within 2000::/3, outside of which
 * all is reserved */
static const struct block V6_RESERVED[] = {
    {{0x20, 0x01}, 23}, {{0x20, 0x01, 0x0d, 0xb8}, 32}, {{0x20, 0x02}, 16}, {{0x3f, 0xff}, 20}};

static bool in_block(const uint8_t *ip, const struct block *block)
{
    for (unsigned bit = 0; bit < block->bits; bit++) {
        if ((ip[bit / 8] ^ block->prefix[bit / 8]) & (0x80u >> (bit % 8)))
            return false;
    }
    return true;
}

static bool in_blocks(const uint8_t *ip, const struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (in_block(ip, &blocks[i]))
            return true;
    }
    return false;
}

bool lint_ip_reserved(struct cx_bytes ip)
{
    if (ip.len == 4)
        return in_blocks(ip.ptr, V4_RESERVED, sizeof(V4_RESERVED) / sizeof(V4_RESERVED[0]));
    if (ip.len == 16)
        return (ip.ptr[0] & 0xe0) != 0x20 ||
               in_blocks(ip.ptr, V6_RESERVED, sizeof(V6_RESERVED) / sizeof(V6_RESERVED[0]));
    return false;
}

bool lint_san_has(const struct lint_view *view, struct cx_bytes text)
{
    char presentation[INET6_ADDRSTRLEN];
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && name.content.len == text.len &&
            (text.len == 0 ||
             strncasecmp((const char *)name.content.ptr, (const char *)text.ptr, text.len) == 0))
            return true;
        int family = name.content.len == 4 ? AF_INET : AF_INET6;
        if (name.tag != LINT_GN_IP || (name.content.len != 4 && name.content.len != 16) ||
            !inet_ntop(family, name.content.ptr, presentation, sizeof(presentation)))
            continue;
        if (cx_bytes_eq(cx_str_bytes(cx_str_from(presentation)),
                        text)) /* RFC 5952 form: BR §7.1.4.3 */
            return true;
    }
    return false;
}

bool lint_extension_known(struct cx_bytes oid)
{
    const struct cx_bytes known[] = {LINT_OID_SKI,
                                     LINT_OID_KEY_USAGE,
                                     LINT_OID_SAN,
                                     LINT_OID_ISSUER_ALT_NAME,
                                     LINT_OID_BASIC_CONSTRAINTS,
                                     LINT_OID_NAME_CONSTRAINTS,
                                     LINT_OID_CRL_POINTS,
                                     LINT_OID_POLICIES,
                                     LINT_OID_POLICY_MAPPINGS,
                                     LINT_OID_AKI,
                                     LINT_OID_POLICY_CONSTRAINTS,
                                     LINT_OID_EXT_KEY_USAGE,
                                     LINT_OID_FRESHEST_CRL,
                                     LINT_OID_INHIBIT_ANY,
                                     LINT_OID_INFO_ACCESS,
                                     LINT_OID_SUBJECT_INFO_ACCESS,
                                     LINT_OID_TLS_FEATURE,
                                     LINT_OID_OCSP_NOCHECK,
                                     LINT_OID_SCT_LIST,
                                     LINT_OID_CT_POISON};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (cx_bytes_eq(oid, known[i]))
            return true;
    }
    return false;
}
