#include "base/id.h"

#include <stdio.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { ID_DIGITS = 26 }; /* 26 * 5 = 130 bits: the two top bits of the first digit are zero */

const char *cx_id_prefix(enum cx_id_type type)
{
    static const char *const prefixes[CX_ID_COUNT] = {
#define CX_ID_PREFIX(name, prefix) [CX_ID_##name] = prefix,
        CX_ID_LIST(CX_ID_PREFIX)
#undef CX_ID_PREFIX
    };
    return prefixes[type];
}

cx_err cx_id_new(struct cx_rng *rng, struct cx_id *ret_id)
{
    struct cx_id id = {{0}};
    CX_TRY(cx_rng_fill(rng, id.b, sizeof(id.b)));
    *ret_id = id;
    return CX_OK;
}

cx_err cx_id_new_at(struct cx_rng *rng, cx_time now_us, struct cx_id *ret_id)
{
    struct cx_id id = {{0}};
    uint64_t ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0;
    CX_TRY(cx_rng_fill(rng, id.b + 6, sizeof(id.b) - 6));
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    *ret_id = id;
    return CX_OK;
}

bool cx_id_eq(struct cx_id a, struct cx_id b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

bool cx_id_is_zero(struct cx_id id)
{
    return cx_id_eq(id, (struct cx_id){{0}});
}

/* Value of the 5-bit digit, counted from the most significant. */
static unsigned digit_at(struct cx_id id, int digit)
{
    unsigned value = 0;
    for (int bit = digit * 5; bit < digit * 5 + 5; bit++) {
        int at = bit - 2; /* the number is 130 bits wide, its top two bits are zero */
        unsigned one = at < 0 ? 0 : (unsigned)(id.b[at / 8] >> (7 - at % 8)) & 1u;
        value = value << 1 | one;
    }
    return value;
}

void cx_id_format(enum cx_id_type type, struct cx_id id, char ret_text[static CX_ID_TEXT_MAX])
{
    int at = snprintf(ret_text, CX_ID_TEXT_MAX, "%s_", cx_id_prefix(type));
    for (int digit = 0; digit < ID_DIGITS; digit++)
        ret_text[at++] = alphabet[digit_at(id, digit)];
    ret_text[at] = 0;
}

cx_err cx_id_parse(enum cx_id_type type, struct cx_str text, struct cx_id *ret_id)
{
    struct cx_str prefix = cx_str_from(cx_id_prefix(type));
    if (text.len != prefix.len + 1 + ID_DIGITS || !cx_str_starts(text, prefix) ||
        text.ptr[prefix.len] != '_')
        return CX_ERR(PARSE);
    const char *digits = text.ptr + prefix.len + 1;
    struct cx_id id = {{0}};
    for (int digit = 0; digit < ID_DIGITS; digit++) {
        const char *found = digits[digit] ? strchr(alphabet, digits[digit]) : NULL;
        if (!found)
            return CX_ERR(PARSE);
        unsigned value = (unsigned)(found - alphabet);
        for (int bit = 0; bit < 5; bit++) {
            int at = digit * 5 + bit - 2;
            unsigned one = value >> (4 - bit) & 1u;
            if (at < 0 && one)
                return CX_ERR(PARSE); /* would overflow 128 bits: a second spelling */
            if (at >= 0 && one)
                id.b[at / 8] |= (uint8_t)(1u << (7 - at % 8));
        }
    }
    *ret_id = id;
    return CX_OK;
}
