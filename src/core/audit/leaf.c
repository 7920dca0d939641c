#include "core/audit/leaf.h"
#include "codec/json_write.h"
#include "crypto/hash.h"

cx_err audit_object_type(struct cx_str prefix, enum cx_id_type *ret_type)
{
    for (int type = 0; type < CX_ID_COUNT; type++) {
        if (cx_str_is(prefix, cx_id_prefix((enum cx_id_type)type))) {
            *ret_type = (enum cx_id_type)type;
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

cx_err audit_commitment(struct cx_bytes salt, struct cx_bytes details,
                        uint8_t ret_commitment[static AUDIT_COMMITMENT_LEN])
{
    const struct cx_bytes pieces[] = {salt, details};
    return crypto_digest(CRYPTO_SHA256, pieces, 2, ret_commitment);
}

static cx_err write_optional_id(struct json_writer *json, const char *key, enum cx_id_type type,
                                struct cx_id id)
{
    return cx_id_is_zero(id) ? CX_OK : json_write_id(json, key, type, id);
}

cx_err audit_leaf_write(const struct audit_record *record, struct cx_buf *out)
{
    if (record->version != AUDIT_LEAF_VERSION || record->commitment.len != AUDIT_COMMITMENT_LEN ||
        (record->state_hash.len && record->state_hash.len != AUDIT_STATE_HASH_LEN))
        return CX_ERR(PARSE);
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "v", record->version));
    CX_TRY(json_write_id(&json, "id", CX_ID_AUDIT, record->entry_id));
    CX_TRY(json_write_id(&json, "tenant", CX_ID_TENANT, record->tenant_id));
    CX_TRY(json_write_time(&json, "time", record->time_us));
    CX_TRY(json_write_str(&json, "action", record->action));
    CX_TRY(json_write_str(&json, "outcome", record->outcome));
    CX_TRY(write_optional_id(&json, "actor", CX_ID_USER, record->user_id));
    CX_TRY(write_optional_id(&json, "token", CX_ID_TOKEN, record->token_id));
    CX_TRY(write_optional_id(&json, "call", CX_ID_CALL, record->call_id));
    if (!cx_id_is_zero(record->object_id)) {
        enum cx_id_type type;
        CX_TRY(audit_object_type(record->object_type, &type));
        CX_TRY(json_write_id(&json, "object", type, record->object_id));
    }
    CX_TRY(json_write_hex(&json, "commitment", record->commitment));
    if (record->state_hash.len)
        CX_TRY(json_write_hex(&json, "state", record->state_hash));
    return json_end(&json);
}
