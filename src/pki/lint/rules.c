#include "pki/lint/rules.h"

#define LINT_RULE_DECLARE(name) extern const struct lint_rule lint_##name;
LINT_RULE_LIST(LINT_RULE_DECLARE)
#undef LINT_RULE_DECLARE

const struct lint_rule *const LINT_RULES[LINT_RULE_COUNT] = {
#define LINT_RULE_POINTER(name) &lint_##name,
    LINT_RULE_LIST(LINT_RULE_POINTER)
#undef LINT_RULE_POINTER
};
