#include "core/field.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/core.h"
#include "core/protect/protect.h"

static struct protect_place place_of(const struct field_place *place)
{
    return (struct protect_place){.tenant_id = place->tenant_id,
                                  .table = place->table,
                                  .column = place->column,
                                  .row = cx_id_bytes(&place->row)};
}

cx_err field_seal(struct core *core, struct field_place place, struct cx_bytes plaintext,
                  struct arena *arena, struct cx_sealed *ret_sealed)
{
    struct protect_place where = place_of(&place);
    return protect_seal(core->protect, &where, plaintext, arena, ret_sealed);
}

cx_err field_seal_text(struct core *core, struct field_place place, struct cx_str text,
                       struct arena *arena, struct cx_sealed *ret_sealed)
{
    return field_seal(core, place, cx_str_bytes(text), arena, ret_sealed);
}

cx_err field_open(struct core *core, struct field_place place, struct cx_sealed sealed,
                  struct arena *arena, struct cx_bytes *ret_plaintext)
{
    struct protect_place where = place_of(&place);
    return protect_open(core->protect, &where, sealed, arena, ret_plaintext);
}

cx_err field_open_text(struct core *core, struct field_place place, struct cx_sealed sealed,
                       struct arena *arena, struct cx_str *ret_text)
{
    struct cx_bytes plaintext = CX_BYTES_NONE;
    CX_TRY(field_open(core, place, sealed, arena, &plaintext));
    return cx_str_view(plaintext, ret_text);
}

cx_err field_details(struct arena *arena, const struct field_detail *details, size_t count,
                     struct cx_str *ret_json)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(FIELD_DETAILS_MAX);
    struct json_writer json = json_writer(&out);
    CX_TRY(json_begin_object(&json, NULL));
    for (size_t i = 0; i < count; i++) {
        if (details[i].value.ptr)
            CX_TRY(json_write_str(&json, details[i].key, details[i].value));
    }
    CX_TRY(json_end(&json));
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_json);
}

cx_err field_id_text(struct arena *arena, enum cx_id_type type, struct cx_id id,
                     struct cx_str *ret_text)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(type, id, text);
    return arena_copy_str(arena, cx_str_from(text), ret_text);
}
