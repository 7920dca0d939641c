/* TLS BR 2.2.6 §7.1.2.5.2: Name constraints that permit or exclude dNSName and iPAddress and permit a directoryName make a CA technically constrained: others do not. */
#include "pki/lint/rule.h"

/* 0.0.0.0/0 and ::/0: every address. */
static bool all_zero(struct cx_bytes range)
{
    for (size_t i = 0; i < range.len; i++) {
        if (range.ptr[i] != 0)
            return false;
    }
    return true;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    bool names = false;
    bool addresses = false;
    bool directories = false;
    struct der_reader lists = der_reader(view->name_constraints.items);
    struct der_reader subtrees = der_reader(CX_BYTES_NONE);
    struct lint_subtree subtree;
    while (lint_next_subtree(&lists, &subtrees, &subtree)) {
        names = names || (subtree.base.tag == LINT_GN_DNS &&
                          (!subtree.excluded || subtree.base.content.len == 0));
        addresses = addresses || (subtree.base.tag == LINT_GN_IP &&
                                  (!subtree.excluded || all_zero(subtree.base.content)));
        directories = directories || (subtree.base.tag == LINT_GN_DIRECTORY && !subtree.excluded);
    }
    if (view->name_constraints.items.len > 0 && !(names && addresses && directories))
        lint_found(out, "extensions.nameConstraints", "leave the CA technically unconstrained");
}

const struct lint_rule lint_br_nc_constrained = {
    .about = {.id = "br-nc-constrained",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_NOTICE,
              .citation = "TLS BR 2.2.6 §7.1.2.5.2",
              .title = "Name constraints that permit or exclude dNSName and iPAddress and permit a "
                       "directoryName make a CA technically constrained: others do not"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
