#include "core/approval/approval.h"
#include "core/core.h"
#include "core/protect/protect.h"

enum { ROW_KEY_LEN = 2 * (1 + 16) };

/* Both columns of the key, each with its length before it. */
static void row_key(struct cx_id request_id, struct cx_id approver_id,
                    uint8_t ret_key[static ROW_KEY_LEN])
{
    ret_key[0] = 16;
    memcpy(ret_key + 1, request_id.b, 16);
    ret_key[17] = 16;
    memcpy(ret_key + 18, approver_id.b, 16);
}

cx_err approval_comment_seal(struct core *core, struct cx_id tenant_id, struct cx_id request_id,
                             struct cx_id approver_id, struct cx_str comment, struct arena *arena,
                             struct cx_sealed *ret_sealed)
{
    uint8_t key[ROW_KEY_LEN];
    row_key(request_id, approver_id, key);
    struct protect_place place = {
        .tenant_id = tenant_id, PLACE_APPROVAL_COMMENT, .row = CX_BYTES(key, sizeof(key))};
    return protect_seal(core->protect, &place, cx_str_bytes(comment), arena, ret_sealed);
}

cx_err approval_comment_open(struct core *core, struct cx_id tenant_id, struct cx_id request_id,
                             const struct approval_found *approval, struct arena *arena,
                             struct cx_str *ret_comment)
{
    uint8_t key[ROW_KEY_LEN];
    struct cx_bytes comment = CX_BYTES_NONE;
    row_key(request_id, approval->approver_id, key);
    struct protect_place place = {
        .tenant_id = tenant_id, PLACE_APPROVAL_COMMENT, .row = CX_BYTES(key, sizeof(key))};
    CX_TRY(protect_open(core->protect, &place, approval->comment, arena, &comment));
    return cx_str_view(comment, ret_comment);
}
