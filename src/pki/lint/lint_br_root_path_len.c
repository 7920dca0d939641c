/* TLS BR 2.2.6 §7.1.2.1.4: pathLenConstraint in a root is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->path_len >= 0)
        lint_found(out, "extensions.basicConstraints", "has a pathLenConstraint");
}

const struct lint_rule lint_br_root_path_len = {
    .about = {.id = "br-root-path-len",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.1.4",
              .title = "pathLenConstraint in a root is not recommended"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
