/*
 * What a letter says. As little as will do: which object, what is to be done or was done, and the command that shows the
 * rest to whoever may see it; never a name, a reason or a subject, since mail passes through many hands. Pure.
 */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include "core/letter/item.h"
#include "store/rows.h"

enum {
    LETTER_TEXT_MAX = 32768,
    LETTER_SHOWN_MAX = 20, /* things named in a letter; the rest is counted */
};

/* One line for an event. item NULL: about the account. */
cx_err letter_line(const struct row_letter_event *event, const struct letter_item *item,
                   struct cx_buf *out);
/* count: of everything the letter is about, first: the event that it has when it is one alone. */
cx_err letter_subject(bool security, size_t count, const struct row_letter_event *first,
                      struct cx_str tenant, struct cx_buf *out);
/* lines: what letter_line made of the first LETTER_SHOWN_MAX. */
cx_err letter_body(bool security, size_t count, struct cx_str lines, struct cx_str tenant,
                   struct cx_str url, struct cx_buf *out);
