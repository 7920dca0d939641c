#include "outbound/caa.h"

#include "outbound/dns_record.h"

#include <strings.h>

static bool issuer_is_ours(const struct caa_question *question, struct cx_str issuer)
{
    for (size_t i = 0; i < question->issuer_count; i++)
        if (issuer.len > 0 && issuer.len == question->issuers[i].len &&
            strncasecmp(issuer.ptr, question->issuers[i].ptr, issuer.len) == 0)
            return true;
    return false;
}

/* RFC 8657 §4: comma-separated method names. */
static bool method_listed(struct cx_str list, struct cx_str method)
{
    size_t start = 0;
    for (size_t i = 0; i <= list.len; i++) {
        if (i < list.len && list.ptr[i] != ',')
            continue;
        if (method.len > 0 && cx_str_eq((struct cx_str){list.ptr + start, i - start}, method))
            return true;
        start = i + 1;
    }
    return false;
}

/* Other parameters are the issuer's own business (RFC 8659 §4.2), and this issuer has none. A parameter
 * that stands twice cannot be met (RFC 8657 §3). */
static bool parameters_fit(const struct caa_question *question, const struct dns_caa_issue *issue)
{
    unsigned accounts = 0, methods = 0;
    bool fits = true;
    for (size_t i = 0; i < issue->parameter_count; i++) {
        struct cx_str tag = issue->parameters[i].tag, value = issue->parameters[i].value;
        if (tag.len == 10 && strncasecmp(tag.ptr, "accounturi", 10) == 0) {
            accounts++;
            fits = fits && question->account_uri.len > 0 && cx_str_eq(value, question->account_uri);
        } else if (tag.len == 17 && strncasecmp(tag.ptr, "validationmethods", 17) == 0) {
            methods++;
            fits = fits && method_listed(value, question->method);
        }
    }
    return fits && accounts <= 1 && methods <= 1;
}

static bool is_understood(const struct dns_caa *caa)
{
    return dns_caa_tag_is(caa, "issue") || dns_caa_tag_is(caa, "issuewild") ||
           dns_caa_tag_is(caa, "iodef");
}

/* First pass: is the set readable, and does it have issuewild? */
static enum caa_answer survey(const struct cx_bytes *records, size_t count, bool *ret_has_wild)
{
    struct dns_caa caa;
    for (size_t i = 0; i < count; i++) {
        if (cx_failed(dns_caa_parse(records[i], &caa)))
            return CAA_MALFORMED;
        if ((caa.flags & DNS_CAA_CRITICAL) && !is_understood(&caa))
            return CAA_CRITICAL;
        if (dns_caa_tag_is(&caa, "issuewild"))
            *ret_has_wild = true;
    }
    return CAA_ALLOWS;
}

enum caa_answer caa_decide(const struct caa_question *question, const struct cx_bytes *records,
                           size_t count)
{
    bool has_wild = false, restricted = false, named = false;
    enum caa_answer readable = survey(records, count, &has_wild);
    if (readable != CAA_ALLOWS)
        return readable;
    /* RFC 8659 §4.3: issuewild counts for wildcard names only, and then instead of issue. */
    const char *tag = question->wildcard && has_wild ? "issuewild" : "issue";
    for (size_t i = 0; i < count; i++) {
        struct dns_caa caa = {.flags = 0};
        struct dns_caa_issue issue = {.parameter_count = 0};
        if (cx_failed(dns_caa_parse(records[i], &caa)) || !dns_caa_tag_is(&caa, tag))
            continue;
        restricted = true;
        if (cx_failed(dns_caa_issue_parse(caa.value, &issue)) ||
            !issuer_is_ours(question, issue.issuer))
            continue;
        if (parameters_fit(question, &issue))
            return CAA_ALLOWS;
        named = true;
    }
    if (!restricted)
        return CAA_ALLOWS;
    return named ? CAA_FORBIDS_HERE : CAA_FORBIDS;
}
