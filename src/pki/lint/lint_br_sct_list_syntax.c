/* TLS BR 2.2.6 §7.1.2.11.3, RFC 6962 §3.3: The list of signed certificate timestamps is an OCTET STRING with a non-empty list. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

/* opaque SerializedSCT<1..2^16-1>; SerializedSCT sct_list<1..2^16-1> (RFC 6962 §3.3). */
static size_t length_at(struct cx_bytes bytes, size_t at)
{
    return (size_t)bytes.ptr[at] << 8 | bytes.ptr[at + 1];
}

static bool timestamps_valid(struct cx_bytes list)
{
    if (list.len < 2 || length_at(list, 0) != list.len - 2 || list.len == 2)
        return false;
    for (size_t at = 2; at < list.len;) {
        if (list.len - at < 2 || length_at(list, at) == 0 ||
            length_at(list, at) > list.len - at - 2)
            return false;
        at += 2 + length_at(list, at);
    }
    return true;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_SCT_LIST);
    if (!extension)
        return;
    struct der_reader reader = der_reader(extension->value);
    struct cx_bytes list;
    if (cx_failed(der_read_octet_string(&reader, &list)) || !der_at_end(&reader) ||
        !timestamps_valid(list))
        lint_found(out, "extensions.signedCertificateTimestampList", "is malformed");
}

const struct lint_rule lint_br_sct_list_syntax = {
    .about =
        {.id = "br-sct-list-syntax",
         .source = PKI_LINT_BASELINE,
         .severity = PKI_LINT_ERROR,
         .citation = "TLS BR 2.2.6 §7.1.2.11.3, RFC 6962 §3.3",
         .title =
             "The list of signed certificate timestamps is an OCTET STRING with a non-empty list"},
    .kinds = LINT_PROFILED,
    .check = check,
};
