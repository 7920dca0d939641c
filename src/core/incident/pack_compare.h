/* What two versions of a rule pack differ in, and what two judgements of an incident do. Pure. */
#pragma once
#include "core/change/diff.h"
#include "core/incident/duty.h"

enum { PACK_DIFFERENCES_MAX = 4096 };
struct pack_difference {
    struct cx_str duty; /* "": of the pack itself */
    struct change_difference difference;
};
/* Texts that were read before (rule_pack_parse): of the pack first, then of its duties in the order of is, those that are
 * gone last. A duty that is new, or gone, differs in its whole: field "duty". */
cx_err pack_diff(struct cx_str was, struct cx_str is, struct arena *arena,
                 struct pack_difference **ret_list, size_t *ret_count);

enum pack_touch {
    PACK_DUTY_ADDED,
    PACK_DUTY_REMOVED,
    PACK_DUTY_DEADLINE,
    PACK_DUTY_OBLIGATION,
    PACK_DUTY_STATE,
    PACK_TOUCH_COUNT
};
struct pack_touched {
    enum pack_touch what;
    const struct duty *was, *is; /* NULL: there is none */
};
enum { PACK_TOUCHED_MAX = 500 };
/* By key, in the order of is, then of was; one item a difference. list has room for PACK_TOUCHED_MAX and *count are taken; false:
 * it was full. */
bool pack_touches(const struct duty_list *was, const struct duty_list *is,
                  struct pack_touched *list, size_t *count);
