/* Compiled by sealed_compile.py in several variants: only SEALED may compile. */
#include "store/rows.h"

cx_err sealed_variant(struct store_tx *tx, struct cx_bytes plaintext, struct cx_str text,
                      struct cx_sealed sealed);
cx_err sealed_variant(struct store_tx *tx, struct cx_bytes plaintext, struct cx_str text,
                      struct cx_sealed sealed)
{
    (void)plaintext, (void)text, (void)sealed;
    struct cx_id id = {{0}};
#if defined VARIANT_SEALED
    struct row_audit_entry row = {.details = sealed};
    CX_TRY(row_audit_entry_insert(tx, &row));
    return row_audit_entry_set_details(tx, id, id, sealed);
#elif defined VARIANT_INSERT_BYTES
    struct row_audit_entry row = {.entry_id = id, .details = plaintext};
    return row_audit_entry_insert(tx, &row);
#elif defined VARIANT_INSERT_TEXT
    struct row_audit_entry row = {.entry_id = id, .details = text};
    return row_audit_entry_insert(tx, &row);
#elif defined VARIANT_INSERT_POINTER
    struct row_audit_entry row = {.entry_id = id, .details = plaintext.ptr};
    return row_audit_entry_insert(tx, &row);
#elif defined VARIANT_UPDATE_BYTES
    return row_audit_entry_set_details(tx, id, id, plaintext);
#elif defined VARIANT_UPDATE_TEXT
    return row_audit_entry_set_details(tx, id, id, text);
#endif
}
