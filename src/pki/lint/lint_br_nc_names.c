/* TLS BR 2.2.6 §7.1.2.10.8: Name constraints on names other than dNSName, iPAddress and directoryName are not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader lists = der_reader(view->name_constraints.items);
    struct der_reader subtrees = der_reader(CX_BYTES_NONE);
    struct lint_subtree subtree;
    while (lint_next_subtree(&lists, &subtrees, &subtree)) {
        uint8_t tag = subtree.base.tag;
        if (tag != LINT_GN_DNS && tag != LINT_GN_IP && tag != LINT_GN_DIRECTORY)
            lint_found(out, "extensions.nameConstraints", "has a name with tag 0x%02x", tag);
    }
}

const struct lint_rule lint_br_nc_names = {
    .about = {.id = "br-nc-names",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.10.8",
              .title = "Name constraints on names other than dNSName, iPAddress and directoryName "
                       "are not recommended"},
    .kinds = LINT_CA,
    .check = check,
};
