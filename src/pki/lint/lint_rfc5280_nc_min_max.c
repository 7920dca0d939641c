/* RFC 5280 §4.2.1.10: Subtrees have minimum 0 (not encoded) and no maximum. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader lists = der_reader(view->name_constraints.items);
    struct der_value list;
    while (lint_next(&lists, &list)) {
        struct der_reader subtrees = der_reader(list.content);
        struct der_value subtree;
        while (lint_next(&subtrees, &subtree)) {
            struct der_reader reader = der_reader(subtree.content);
            struct der_value base;
            if (lint_next(&reader, &base) && !der_at_end(&reader))
                lint_found(out, "extensions.nameConstraints", "a subtree has a minimum or maximum");
        }
    }
}

const struct lint_rule lint_rfc5280_nc_min_max = {
    .about = {.id = "rfc5280-nc-min-max",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.10",
              .title = "Subtrees have minimum 0 (not encoded) and no maximum"},
    .kinds = LINT_ANY,
    .check = check,
};
