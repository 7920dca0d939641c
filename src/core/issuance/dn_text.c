#include "core/issuance/dn_text.h"
#include "base/cleanup.h"
#include "codec/der.h"

static const struct {
    const char *oid, *label;
} LABELS[] = {
    {"2.5.4.3", "CN"},
    {"2.5.4.6", "C"},
    {"2.5.4.8", "ST"},
    {"2.5.4.7", "L"},
    {"2.5.4.10", "O"},
    {"2.5.4.11", "OU"},
    {"2.5.4.5", "serialNumber"},
    {"0.9.2342.19200300.100.1.25", "DC"},
    {"0.9.2342.19200300.100.1.1", "UID"},
    {"1.2.840.113549.1.9.1", "emailAddress"},
};

static cx_err add_type(struct cx_bytes oid, struct cx_buf *out)
{
    char text[DER_OID_TEXT_MAX];
    CX_TRY(der_oid_to_text(oid, text));
    for (size_t i = 0; i < sizeof(LABELS) / sizeof(LABELS[0]); i++) {
        if (cx_str_is(cx_str_from(text), LABELS[i].oid))
            return cx_buf_add_str(out, cx_str_from(LABELS[i].label));
    }
    return cx_buf_add_str(out, cx_str_from(text));
}

/* RFC 4514 §2.4: what would read as structure is escaped; control characters as hexadecimal pairs. */
static cx_err add_value(struct cx_str value, struct cx_buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool edge = (i == 0 && (c == ' ' || c == '#')) || (i == value.len - 1 && c == ' ');
        if ((unsigned char)c < 0x20 || c == 0x7f) {
            CX_TRY(cx_buf_addf(out, "\\%02x", (unsigned)(unsigned char)c));
            continue;
        }
        if (edge || memchr(",+\"\\<>;=", c, 8))
            CX_TRY(cx_buf_add_u8(out, '\\'));
        CX_TRY(cx_buf_add_u8(out, (uint8_t)c));
    }
    return CX_OK;
}

static cx_err add_attribute(struct der_reader *set, struct arena *arena, struct cx_buf *out)
{
    struct der_reader attribute;
    struct cx_bytes oid = CX_BYTES_NONE;
    struct der_value value;
    struct cx_str text = CX_STR_NONE;
    CX_TRY(der_enter(set, DER_SEQUENCE, &attribute));
    CX_TRY(der_read_oid(&attribute, &oid));
    CX_TRY(der_read_any(&attribute, &value));
    CX_TRY(der_finish(&attribute));
    CX_TRY(der_text_view(arena, value.tag, value.content, &text));
    CX_TRY(add_type(oid, out));
    CX_TRY(cx_buf_add_u8(out, '='));
    return add_value(text, out);
}

static cx_err add_part(struct der_reader set, struct arena *arena, struct cx_buf *out)
{
    for (bool first = true; !der_at_end(&set); first = false) {
        if (!first)
            CX_TRY(cx_buf_add_u8(out, '+'));
        CX_TRY(add_attribute(&set, arena, out));
    }
    return CX_OK;
}

cx_err dn_text(struct cx_bytes name, struct arena *arena, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(DN_TEXT_MAX);
    struct der_reader sequence, parts[DN_PARTS_MAX];
    size_t count = 0;
    CX_TRY(der_enter_only(name, DER_SEQUENCE, &sequence));
    while (!der_at_end(&sequence)) {
        if (count == DN_PARTS_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(der_enter(&sequence, DER_SET, &parts[count++]));
    }
    while (count > 0) {
        if (out.len)
            CX_TRY(cx_buf_add_u8(&out, ','));
        CX_TRY(add_part(parts[--count], arena, &out));
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)out.ptr, out.len}, ret_text);
}
