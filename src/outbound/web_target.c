#include "outbound/web.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "outbound/address.h"
#include "outbound/request.h"

#include <curl/curl.h>

static void close_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void free_part(char **part)
{
    curl_free(*part);
}

static bool copy_str(struct cx_str text, char *ret_copy, size_t cap)
{
    if (text.len >= cap)
        return false;
    memcpy(ret_copy, text.ptr, text.len);
    ret_copy[text.len] = '\0';
    return true;
}

cx_err web_target_first(struct cx_str name, bool is_ip, struct cx_str token,
                        const struct web_rules *rules, struct web_target *ret_target)
{
    struct web_target target = {.is_ip = is_ip, .port = rules->http_port};
    int len = snprintf(target.path, sizeof(target.path), "/.well-known/acme-challenge/%.*s",
                       CX_STR_ARG(token));
    if (len < 0 || (size_t)len >= sizeof(target.path) ||
        !copy_str(name, target.host, sizeof(target.host)))
        return CX_ERR(LIMIT);
    *ret_target = target;
    return CX_OK;
}

cx_err web_target_format(const struct web_target *target, struct cx_buf *out)
{
    bool ipv6 = target->is_ip && strchr(target->host, ':') != NULL;
    return cx_buf_addf(out, "%s://%s%s%s:%u%s", target->https ? "https" : "http", ipv6 ? "[" : "",
                       target->host, ipv6 ? "]" : "", target->port, target->path);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    CX_CLEANUP(free_part) char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

/* Names in lower case; brackets off; an address only in its one spelling. */
static bool read_host(CURLU *url, struct web_target *target)
{
    CX_CLEANUP(free_part) char *text = NULL;
    if (has_part(url, CURLUPART_ZONEID) || curl_url_get(url, CURLUPART_HOST, &text, 0) != CURLUE_OK)
        return false;
    struct cx_str host = cx_str_from(text);
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct cx_str){host.ptr + 1, host.len - 2};
    if (!copy_str(host, target->host, sizeof(target->host)))
        return false;
    for (char *c = target->host; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    target->is_ip = request_address_valid(cx_str_from(target->host));
    return target->is_ip || request_name_valid(cx_str_from(target->host));
}

static cx_err read_port(CURLU *url, const struct web_rules *rules, struct cx_diag *diag,
                        struct web_target *target)
{
    CX_CLEANUP(free_part) char *text = NULL;
    int64_t port = target->https ? rules->https_port : rules->http_port;
    if (curl_url_get(url, CURLUPART_PORT, &text, 0) == CURLUE_OK &&
        cx_failed(cx_parse_i64(cx_str_from(text), 1, 65535, &port)))
        return cx_refuse(diag, CX_ERR(PARSE), "Location", "port", "its port is not a number");
    if (port != rules->http_port && port != rules->https_port)
        return cx_refuse(diag, CX_ERR(POLICY), "Location", "port",
                         "its port is %u; only %u and %u are reached", (unsigned)port,
                         rules->http_port, rules->https_port);
    target->port = (uint16_t)port;
    return CX_OK;
}

static cx_err read_scheme(CURLU *url, struct cx_diag *diag, struct web_target *target)
{
    CX_CLEANUP(free_part) char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return CX_ERR(NOMEM);
    target->https = strcmp(scheme, "https") == 0;
    if (!target->https && strcmp(scheme, "http") != 0)
        return cx_refuse(diag, CX_ERR(POLICY), "Location", "scheme",
                         "its scheme is neither http nor https");
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return cx_refuse(diag, CX_ERR(POLICY), "Location", "credentials",
                         "it carries a user name or password");
    return CX_OK;
}

static cx_err read_path(CURLU *url, struct cx_diag *diag, struct web_target *target)
{
    CX_CLEANUP(free_part) char *path = NULL;
    CX_CLEANUP(free_part) char *query = NULL;
    if (curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return CX_ERR(NOMEM);
    bool has_query = curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK;
    int len = snprintf(target->path, sizeof(target->path), "%s%s%s", path, has_query ? "?" : "",
                       has_query ? query : "");
    if (len < 0 || (size_t)len >= sizeof(target->path))
        return cx_refuse(diag, CX_ERR(LIMIT), "Location", "length", "it is too long");
    for (const char *c = target->path; *c != '\0'; c++)
        if (*c <= 0x20 || *c > 0x7e)
            return cx_refuse(diag, CX_ERR(PARSE), "Location", "url", "it is not a URL");
    return CX_OK;
}

cx_err web_target_next(const struct web_target *from, struct cx_str location,
                       const struct web_rules *rules, struct cx_diag *diag,
                       struct web_target *ret_target)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf base = CX_BUF_INIT(4096);
    char text[WEB_PATH_MAX + 1];
    CX_CLEANUP(close_url) CURLU *url = curl_url();
    struct web_target target = {.port = 0};
    if (url == NULL)
        return CX_ERR(NOMEM);
    CX_TRY(web_target_format(from, &base));
    CX_TRY(cx_buf_terminate(&base));
    if (!copy_str(location, text, sizeof(text)))
        return cx_refuse(diag, CX_ERR(LIMIT), "Location", "length", "it is too long");
    if (curl_url_set(url, CURLUPART_URL, (const char *)base.ptr, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return cx_refuse(diag, CX_ERR(PARSE), "Location", "url", "it is not a URL");
    CX_TRY(read_scheme(url, diag, &target));
    if (!read_host(url, &target))
        return cx_refuse(diag, CX_ERR(POLICY), "Location", "host",
                         "its host is not a plain host name");
    if (target.is_ip && !rules->allow_ip)
        return cx_refuse(diag, CX_ERR(POLICY), "Location", "host",
                         "its host is an address, and the identifier is a name");
    CX_TRY(read_port(url, rules, diag, &target));
    CX_TRY(read_path(url, diag, &target));
    *ret_target = target;
    return CX_OK;
}
