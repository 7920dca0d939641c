#include "outbound/request.h"

#include "outbound/client.h"

#include <arpa/inet.h>

enum { LABEL_MAX = 63, TOKEN_MIN = 1 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool label_valid(struct cx_str label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_digit(label.ptr[i]) && !is_lower(label.ptr[i]) && label.ptr[i] != '-' &&
            label.ptr[i] != '_')
            return false;
    return true;
}

/* WHATWG URL §3.5 "ends in a number": inet_aton and curl read such a name as an IPv4 address. */
static bool label_is_number(struct cx_str label)
{
    size_t at = 0;
    bool hex = label.len >= 2 && label.ptr[0] == '0' && label.ptr[1] == 'x';
    for (at = hex ? 2 : 0; at < label.len; at++)
        if (!is_digit(label.ptr[at]) && !(hex && label.ptr[at] >= 'a' && label.ptr[at] <= 'f'))
            return false;
    return true;
}

bool request_name_valid(struct cx_str name)
{
    if (name.len == 0 || name.len > OUTBOUND_NAME_MAX)
        return false;
    struct cx_str label = {name.ptr, 0};
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && name.ptr[i] != '.') {
            label.len++;
            continue;
        }
        if (!label_valid(label))
            return false;
        if (i < name.len)
            label = (struct cx_str){name.ptr + i + 1, 0};
    }
    return !label_is_number(label);
}

bool request_address_valid(struct cx_str address)
{
    char text[INET6_ADDRSTRLEN] = "", again[INET6_ADDRSTRLEN] = "";
    uint8_t octets[16];
    if (address.len == 0 || address.len >= sizeof(text))
        return false;
    memcpy(text, address.ptr, address.len);
    int family = memchr(text, ':', address.len) != NULL ? AF_INET6 : AF_INET;
    return inet_pton(family, text, octets) == 1 &&
           inet_ntop(family, octets, again, sizeof(again)) != NULL && cx_str_is(address, again);
}

static bool is_base64url(struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_digit(c) && !is_lower(c) && !(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* RFC 8555 §8.1: token || '.' || base64url(thumbprint). */
static bool key_authorization_valid(struct cx_str text, struct cx_str token)
{
    if (text.len <= token.len + 1 || !cx_str_starts(text, token) || text.ptr[token.len] != '.')
        return false;
    return is_base64url((struct cx_str){text.ptr + token.len + 1, text.len - token.len - 1});
}

static cx_err check_time(uint32_t timeout_ms, struct cx_diag *diag)
{
    if (timeout_ms == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "timeout_ms", "range", "a time limit is required");
    return CX_OK;
}

cx_err request_check_validate(const struct ipc_outbound_validate *message, struct cx_diag *diag)
{
    if (message->is_ip ? !request_address_valid(message->name) : !request_name_valid(message->name))
        return cx_refuse(diag, CX_ERR(PARSE), "name", "identifier",
                         "this is not a host name or IP address in its canonical form");
    bool by_dns = message->kind == OUTBOUND_DNS_01 || message->kind == OUTBOUND_DNS_ACCOUNT_01;
    if (message->is_ip && by_dns) /* RFC 8738 §7 */
        return cx_refuse(diag, CX_ERR(PARSE), "kind", "ip-by-dns",
                         "an IP address is not validated by DNS");
    if (message->token.len < TOKEN_MIN || !is_base64url(message->token))
        return cx_refuse(diag, CX_ERR(PARSE), "token", "base64url", "the token is not base64url");
    if (!key_authorization_valid(message->key_authorization, message->token))
        return cx_refuse(diag, CX_ERR(PARSE), "key_authorization", "form",
                         "a key authorization is token, dot and base64url thumbprint");
    if ((message->kind == OUTBOUND_DNS_ACCOUNT_01) != (message->account_url.len > 0))
        return cx_refuse(diag, CX_ERR(PARSE), "account_url", "presence",
                         "the account URL belongs to dns-account-01 and to nothing else");
    return check_time(message->timeout_ms, diag);
}

cx_err request_check_caa(const struct ipc_outbound_check_caa *message, struct cx_diag *diag)
{
    if (!request_name_valid(message->name))
        return cx_refuse(diag, CX_ERR(PARSE), "name", "identifier",
                         "this is not a host name in its canonical form");
    if (message->issuers_count == 0)
        return cx_refuse(diag, CX_ERR(PARSE), "issuers", "count",
                         "a CAA check needs an issuer domain name");
    for (size_t i = 0; i < message->issuers_count; i++)
        if (!request_name_valid(message->issuers[i].domain))
            return cx_refuse(diag, CX_ERR(PARSE), "issuers", "domain",
                             "an issuer domain name is not a host name");
    return check_time(message->timeout_ms, diag);
}
