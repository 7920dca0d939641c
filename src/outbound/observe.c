#include "outbound/observe.h"

#include <stdarg.h>

void observe_problem(struct observation *seen, enum outbound_problem problem, const char *format,
                     ...)
{
    if (seen->problem != OUTBOUND_VALID)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(seen->text, sizeof(seen->text), format, args);
    va_end(args);
    seen->problem = problem;
}

void observe_address(struct observation *seen, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    size_t used = strlen(seen->addresses);
    address_format(address, text);
    if (used + 1 + strlen(text) < sizeof(seen->addresses))
        snprintf(seen->addresses + used, sizeof(seen->addresses) - used, "%s%s",
                 used > 0 ? " " : "", text);
}

void observe_excerpt(struct cx_bytes bytes, char *ret_text, size_t cap)
{
    size_t len = bytes.len < cap - 1 ? bytes.len : cap - 1;
    for (size_t i = 0; i < len; i++)
        ret_text[i] = bytes.ptr[i] < 0x20 || bytes.ptr[i] > 0x7e || bytes.ptr[i] == '"'
                          ? '?'
                          : (char)bytes.ptr[i];
    ret_text[len] = '\0';
}

cx_err observe_lookup(const struct look *look, struct cx_str name, enum dns_type type,
                      struct observation *seen, struct dns_answer *ret_answer, bool *ret_usable)
{
    static const char *const why[] = {[DNS_FAILED] = "failed",
                                      [DNS_BOGUS] = "is refused by DNSSEC validation",
                                      [DNS_LATE] = "timed out"};
    CX_TRY(resolver_lookup(look->from->resolver, name, type, look->deadline_us, ret_answer));
    *ret_usable = ret_answer->status == DNS_DATA || ret_answer->status == DNS_EMPTY;
    seen->asked_dns = true;
    seen->unproven = seen->unproven || !ret_answer->secure;
    if (!*ret_usable)
        observe_problem(seen, OUTBOUND_DNS, "the %s lookup of %.*s %s: %s", dns_type_name(type),
                        CX_STR_ARG(name), why[ret_answer->status], ret_answer->reason);
    return CX_OK;
}
