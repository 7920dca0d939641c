/* What two versions of an object differ in. Pure. */
#pragma once
#include "base/arena.h"

/* Values are JSON, texts without their quotes. ptr NULL: that version has no such field. */
struct change_difference {
    struct cx_str field, was, is;
};
enum { CHANGE_DIFF_MAX = 32 }; /* more fields than any object has: object.c */
/* before "": nothing. Fields in their order, those of before that are gone last. */
cx_err change_diff(struct cx_str before, struct cx_str content, struct arena *arena,
                   struct change_difference ret_list[static CHANGE_DIFF_MAX], size_t *ret_count);
