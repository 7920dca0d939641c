/* E-mail addresses and URIs: the conservative subset that RFC 5280 §4.2.1.6 lets everyone compare.
 */
#include "base/number.h"
#include "pki/name_internal.h"

#include <arpa/inet.h>

enum { LOCAL_MAX = 64 }; /* RFC 5321 §4.5.3.1.1 */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5321 §4.1.2 Dot-string: atoms of RFC 5322 §3.2.3 atext joined by single dots. Quoted strings,
 * which the grammar also has, are refused: nobody uses them but those who probe parsers. */
cx_err pki_email_check(const struct pki_name_place *place, struct cx_str email)
{
    const char *at = email.len ? memrchr(email.ptr, '@', email.len) : NULL;
    if (!at || email.len > PKI_EMAIL_MAX)
        return pki_refuse_name(place, "name-email-syntax",
                               "Expected an address like user@example.org.");
    size_t local_len = (size_t)(at - email.ptr);
    if (local_len == 0 || local_len > LOCAL_MAX)
        return pki_refuse_name(place, "name-email-local", "The local part has 1 to 64 octets.");
    for (size_t i = 0; i < local_len; i++) {
        char c = email.ptr[i];
        bool dot = c == '.' && i > 0 && i + 1 < local_len && email.ptr[i - 1] != '.';
        if (!dot && !is_alnum(c) && (c == 0 || !strchr("!#$%&'*+-/=?^_`{|}~", c)))
            return pki_refuse_name(place, "name-email-local",
                                   "The local part has an unquoted character that is not allowed.");
    }
    struct cx_str domain = {at + 1, email.len - local_len - 1};
    CX_TRY(pki_dns_check(place, domain, false));
    if (!memchr(domain.ptr, '.', domain.len))
        return pki_refuse_name(place, "name-email-domain", "The domain needs at least two labels.");
    return CX_OK;
}

static size_t scheme_len(struct cx_str uri)
{
    size_t i = 0;
    while (i < uri.len &&
           (is_alnum(uri.ptr[i]) || (i > 0 && strchr("+-.", uri.ptr[i]) && uri.ptr[i])))
        i++;
    bool letter = uri.len > 0 && is_alnum(uri.ptr[0]) && !(uri.ptr[0] >= '0' && uri.ptr[0] <= '9');
    return letter && i < uri.len && uri.ptr[i] == ':' ? i : 0;
}

/* The authority between "//" and the next '/', '?' or '#'. */
static bool find_authority(struct cx_str uri, struct cx_str *ret_authority)
{
    size_t start = scheme_len(uri);
    if (start == 0 || uri.len - start < 3 ||
        !cx_bytes_eq(CX_BYTES(uri.ptr + start, 3), CX_BYTES("://", 3)))
        return false;
    start += 3;
    size_t end = start;
    while (end < uri.len && !(uri.ptr[end] == '/' || uri.ptr[end] == '?' || uri.ptr[end] == '#'))
        end++;
    *ret_authority = (struct cx_str){uri.ptr + start, end - start};
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static cx_err check_uri_characters(const struct pki_name_place *place, struct cx_str uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        char c = uri.ptr[i];
        bool escaped =
            c == '%' && i + 2 < uri.len && is_hex(uri.ptr[i + 1]) && is_hex(uri.ptr[i + 2]);
        if (!escaped && !is_alnum(c) && (c == 0 || !strchr("-._~:/?#[]@!$&'()*+,;=", c)))
            return pki_refuse_name(place, "name-uri-character",
                                   "The URI has a character RFC 3986 does not.");
    }
    return CX_OK;
}

static cx_err check_port(const struct pki_name_place *place, struct cx_str port)
{
    int64_t number = 0;
    if (cx_failed(cx_parse_i64(port, 1, 65535, &number)))
        return pki_refuse_name(place, "name-uri-port", "The port is not a number from 1 to 65535.");
    return CX_OK;
}

/* RFC 3986 §3.2.2 IP-literal; a dotted quad is the only other address form. */
static cx_err check_host(const struct pki_name_place *place, struct cx_str host)
{
    char copy[PKI_IP_TEXT_MAX];
    uint8_t ip[16];
    bool literal = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    struct cx_str inner = literal ? (struct cx_str){host.ptr + 1, host.len - 2} : host;
    if (inner.len > 0 && inner.len < sizeof(copy)) {
        memcpy(copy, inner.ptr, inner.len);
        copy[inner.len] = 0;
        if (inet_pton(literal ? AF_INET6 : AF_INET, copy, ip) == 1)
            return CX_OK;
    }
    if (host.len && host.ptr[0] == '[')
        return pki_refuse_name(place, "name-uri-host", "The address in brackets is not IPv6.");
    return pki_dns_check(place, host, false);
}

cx_err pki_uri_check(const struct pki_name_place *place, struct cx_str uri)
{
    struct cx_str authority = CX_STR_NONE;
    if (uri.len > PKI_URI_MAX || !find_authority(uri, &authority))
        return pki_refuse_name(
            place, "name-uri-syntax",
            "Expected an absolute URI with a host, like spiffe://example.org/workload.");
    CX_TRY(check_uri_characters(place, uri));
    if (authority.len && memchr(authority.ptr, '@', authority.len))
        return pki_refuse_name(place, "name-uri-user", "A URI name has no user information.");
    size_t host_len = authority.len;
    if (authority.len && authority.ptr[0] == '[') {
        const char *close = memchr(authority.ptr, ']', authority.len);
        host_len = close ? (size_t)(close - authority.ptr) + 1 : authority.len;
    } else {
        const char *colon = authority.len ? memchr(authority.ptr, ':', authority.len) : NULL;
        host_len = colon ? (size_t)(colon - authority.ptr) : authority.len;
    }
    struct cx_str host = {authority.ptr, host_len};
    CX_TRY(check_host(place, host));
    if (host_len == authority.len)
        return CX_OK;
    if (authority.ptr[host_len] != ':')
        return pki_refuse_name(place, "name-uri-host", "Unexpected text after the host.");
    return check_port(place,
                      (struct cx_str){authority.ptr + host_len + 1, authority.len - host_len - 1});
}

cx_err pki_uri_normalise(struct arena *arena, struct cx_str uri, struct cx_bytes *ret_uri)
{
    struct cx_str authority = CX_STR_NONE;
    size_t lower =
        find_authority(uri, &authority) ? (size_t)(authority.ptr - uri.ptr) + authority.len : 0;
    char *copy = NULL;
    CX_TRY(arena_alloc(arena, uri.len + 1, (void **)&copy));
    for (size_t i = 0; i < uri.len; i++)
        copy[i] = (char)(i < lower && uri.ptr[i] >= 'A' && uri.ptr[i] <= 'Z' ? uri.ptr[i] + 32
                                                                             : uri.ptr[i]);
    *ret_uri = CX_BYTES(copy, uri.len);
    return CX_OK;
}
