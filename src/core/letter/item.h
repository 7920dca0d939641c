/*
 * What letters are about: a request, proposal or access review as it is in this transaction, and who may act on it. The
 * judges are those of the decision itself (authorise, core/approval/decider.h), so nobody is told of what they could neither see nor
 * decide.
 */
#pragma once
#include "core/access/access.h"
#include "core/approval/decider.h"

enum letter_item_type { LETTER_REQUEST, LETTER_PROPOSAL, LETTER_REVIEW };

struct letter_item {
    enum letter_item_type type;
    struct cx_id id;
    bool waits;
    int64_t stage; /* that the next approval belongs to, from 0 */
    struct cx_id requester_id, receiver_id;
    struct cx_str kind;   /* of a request or proposal */
    struct cx_str detail; /* of a request: its profile */
    struct cx_str state;
    cx_time created_us, due_us; /* due 0: none */
    int64_t open;               /* of a review: rights nobody has answered for */
    struct access_place place;
    struct approval_earlier *earlier;
    size_t earlier_count;
};
/* "req", "prp" or "rvw". False for another word. */
bool letter_item_type_of(struct cx_str prefix, enum letter_item_type *ret_type);
/* CX_E_NOTFOUND when there is none. Views are in the arena. */
cx_err letter_item_read(struct store_tx *tx, struct cx_id tenant_id, enum letter_item_type type,
                        struct cx_id id, struct arena *arena, struct letter_item *ret_item);

/* Whether this person may take the next step, now. */
cx_err letter_may_act(struct store_tx *tx, const struct principal *who,
                      const struct letter_item *item, cx_time now_us, struct arena *arena,
                      bool *ret_may);

/* Everybody who may take such steps anywhere: active persons with their rights. */
struct letter_person {
    struct cx_id user_id;
    struct access_rights *rights;
};
struct letter_audience {
    struct letter_person *people;
    size_t count;
    bool read;
};
enum { LETTER_AUDIENCE_MAX = 5000 };
cx_err letter_audience_read(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                            struct arena *arena, struct letter_audience *audience);
void letter_audience_clear(struct letter_audience *audience);
