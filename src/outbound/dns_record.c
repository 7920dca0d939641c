#include "outbound/dns_record.h"

#include <strings.h>

cx_err dns_txt_join(struct cx_bytes rdata, uint8_t *ret_text, size_t cap, size_t *ret_len)
{
    size_t len = 0;
    if (rdata.len == 0) /* one or more character-strings */
        return CX_ERR(PARSE);
    for (size_t at = 0; at < rdata.len;) {
        size_t part = rdata.ptr[at++];
        if (part > rdata.len - at)
            return CX_ERR(PARSE);
        if (part > cap - len)
            return CX_ERR(LIMIT);
        memcpy(ret_text + len, rdata.ptr + at, part);
        len += part;
        at += part;
    }
    *ret_len = len;
    return CX_OK;
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

cx_err dns_caa_parse(struct cx_bytes rdata, struct dns_caa *ret_caa)
{
    if (rdata.len < 2)
        return CX_ERR(PARSE);
    size_t tag_len = rdata.ptr[1];
    if (tag_len == 0 || tag_len > rdata.len - 2)
        return CX_ERR(PARSE);
    for (size_t i = 0; i < tag_len; i++)
        if (!is_alphanumeric(rdata.ptr[2 + i]))
            return CX_ERR(PARSE);
    *ret_caa = (struct dns_caa){rdata.ptr[0],
                                {(const char *)rdata.ptr + 2, tag_len},
                                {rdata.ptr + 2 + tag_len, rdata.len - 2 - tag_len}};
    return CX_OK;
}

bool dns_caa_tag_is(const struct dns_caa *caa, const char *tag)
{
    return caa->tag.len == strlen(tag) && strncasecmp(caa->tag.ptr, tag, caa->tag.len) == 0;
}

/* ---- issue-value = *WSP [issuer-domain-name *WSP] [";" *WSP [parameters *WSP]] ---- */

struct cursor {
    const char *ptr;
    size_t left;
};

static void skip_blanks(struct cursor *in)
{
    while (in->left > 0 && (*in->ptr == ' ' || *in->ptr == '\t')) {
        in->ptr++;
        in->left--;
    }
}

static bool take_char(struct cursor *in, char c)
{
    if (in->left == 0 || *in->ptr != c)
        return false;
    in->ptr++;
    in->left--;
    return true;
}

static struct cx_str take_while(struct cursor *in, bool (*fits)(uint8_t c))
{
    struct cx_str taken = {in->ptr, 0};
    while (in->left > 0 && fits((uint8_t)*in->ptr)) {
        in->ptr++;
        in->left--;
        taken.len++;
    }
    return taken;
}

static bool is_domain_char(uint8_t c)
{
    return is_alphanumeric(c) || c == '-' || c == '.';
}

static bool is_value_char(uint8_t c)
{
    return (c >= 0x21 && c <= 0x3a) || (c >= 0x3c && c <= 0x7e);
}

/* issuer-domain-name = label *("." label); label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)) */
static bool domain_valid(struct cx_str domain)
{
    for (size_t i = 0; i < domain.len; i++) {
        bool first = i == 0 || domain.ptr[i - 1] == '.';
        bool last = i + 1 == domain.len || domain.ptr[i + 1] == '.';
        if (domain.ptr[i] == '.' ? first || i + 1 == domain.len
                                 : (first || last) && !is_alphanumeric((uint8_t)domain.ptr[i]))
            return false;
    }
    return true;
}

static cx_err parse_parameters(struct cursor *in, struct dns_caa_issue *issue)
{
    skip_blanks(in);
    while (in->left > 0) {
        if (issue->parameter_count == DNS_CAA_PARAMETERS_MAX)
            return CX_ERR(PARSE);
        struct dns_caa_parameter *parameter = &issue->parameters[issue->parameter_count++];
        parameter->tag = take_while(in, is_alphanumeric);
        skip_blanks(in);
        if (parameter->tag.len == 0 || !take_char(in, '='))
            return CX_ERR(PARSE);
        skip_blanks(in);
        parameter->value = take_while(in, is_value_char);
        skip_blanks(in);
        if (in->left == 0)
            return CX_OK;
        if (!take_char(in, ';'))
            return CX_ERR(PARSE);
        skip_blanks(in);
        if (in->left == 0) /* a semicolon separates: none at the end */
            return CX_ERR(PARSE);
    }
    return CX_OK;
}

cx_err dns_caa_issue_parse(struct cx_bytes value, struct dns_caa_issue *ret_issue)
{
    struct cursor in = {(const char *)value.ptr, value.len};
    struct dns_caa_issue issue = {.parameter_count = 0};
    skip_blanks(&in);
    issue.issuer = take_while(&in, is_domain_char);
    skip_blanks(&in);
    if (!domain_valid(issue.issuer))
        return CX_ERR(PARSE);
    if (in.left > 0) {
        if (!take_char(&in, ';'))
            return CX_ERR(PARSE);
        CX_TRY(parse_parameters(&in, &issue));
    }
    *ret_issue = issue;
    return CX_OK;
}
