#include "core/access/person.h"

cx_err access_person_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id *ret_person_id)
{
    (void)tx;
    (void)tenant_id;
    *ret_person_id = user_id;
    return CX_OK;
}

cx_err access_same_person(struct store_tx *tx, struct cx_id tenant_id, struct cx_id one,
                          struct cx_id other, bool *ret_same)
{
    struct cx_id one_person = {{0}}, other_person = {{0}};
    CX_TRY(access_person_of(tx, tenant_id, one, &one_person));
    CX_TRY(access_person_of(tx, tenant_id, other, &other_person));
    *ret_same = !cx_id_is_zero(one_person) && cx_id_eq(one_person, other_person);
    return CX_OK;
}
