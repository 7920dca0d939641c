/* TLS BR 2.2.6 §7.1.2.10.8: Excluding directoryName by name constraints is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader lists = der_reader(view->name_constraints.items);
    struct der_reader subtrees = der_reader(CX_BYTES_NONE);
    struct lint_subtree subtree;
    while (lint_next_subtree(&lists, &subtrees, &subtree)) {
        if (subtree.excluded && subtree.base.tag == LINT_GN_DIRECTORY)
            lint_found(out, "extensions.nameConstraints", "excludes a directoryName");
    }
}

const struct lint_rule lint_br_nc_excluded_directory = {
    .about = {.id = "br-nc-excluded-directory",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.10.8",
              .title = "Excluding directoryName by name constraints is not recommended"},
    .kinds = LINT_CA,
    .check = check,
};
