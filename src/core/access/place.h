/*
 * Where objects lie: the group that owns a request or certificate and its tags, the groups of a user. Read inside the
 * transaction that decides, so that what is checked is what is there.
 */
#pragma once
#include "core/access/access.h"
#include "store/store.h"

enum { ACCESS_TAGS_MAX = 32 };

struct access_place_read {
    struct cx_id group_id; /* zero: none */
    struct access_tag tags[ACCESS_TAGS_MAX];
    size_t tag_count;
    cx_time placed_us; /* of a certificate: when group or tags were changed last; 0: never */
};
/* CX_E_NOTFOUND when there is no such request (certificate) in the tenant. Views are in the arena. */
cx_err access_place_of_request(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                               struct arena *arena, struct access_place_read *ret_read);
cx_err access_place_of_certificate(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id certificate_id, struct arena *arena,
                                   struct access_place_read *ret_read);
/* Views into read. */
struct access_place access_place_view(const struct access_place_read *read);

/* authorise() with the object as it lies in this transaction; CX_E_NOTFOUND also when it is there and the principal may
 * not see it, so that a guessed identifier says nothing. duties: the requester and the tie to
 * them, zeroed where separation of duties does not ask. */
cx_err access_check_request(struct store_tx *tx, const struct principal *principal,
                            enum permission permission, struct cx_id request_id,
                            const struct access_object *duties, struct arena *arena,
                            struct cx_diag *diag);
cx_err access_check_certificate(struct store_tx *tx, const struct principal *principal,
                                enum permission permission, struct cx_id certificate_id,
                                struct arena *arena, struct cx_diag *diag);
