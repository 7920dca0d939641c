/* Object identifiers: X.690 §8.19 between content octets and dotted text. */
#include "codec/der.h"
#include "base/number.h"

enum { ARCS_MAX = 40 };

bool der_oid_valid(struct cx_bytes content)
{
    if (content.len == 0 || content.len > DER_OID_MAX)
        return false;
    if (content.ptr[content.len - 1] & 0x80)
        return false;
    /* §8.19.2: a subidentifier starts with no 0x80 octet. */
    for (size_t i = 0; i < content.len; i++) {
        bool first = i == 0 || (content.ptr[i - 1] & 0x80) == 0;
        if (first && content.ptr[i] == 0x80)
            return false;
    }
    return true;
}

static cx_err arc_put(struct der_oid *oid, uint64_t arc)
{
    size_t octets = 1;
    for (uint64_t rest = arc >> 7; rest != 0; rest >>= 7)
        octets++;
    if (oid->len + octets > DER_OID_MAX)
        return CX_ERR(LIMIT);
    for (size_t i = 0; i < octets; i++) {
        uint8_t more = i + 1 < octets ? 0x80 : 0;
        oid->b[oid->len++] = (uint8_t)(more | (arc >> (7 * (octets - 1 - i)) & 0x7f));
    }
    return CX_OK;
}

/* The next arc of dotted text: decimal without leading zeros. */
static cx_err arc_take(struct cx_str *text, uint64_t *ret_arc)
{
    size_t len = 0;
    uint64_t arc = 0;
    while (len < text->len && text->ptr[len] != '.') {
        char c = text->ptr[len++];
        if (c < '0' || c > '9' || (len == 2 && text->ptr[0] == '0'))
            return CX_ERR(PARSE);
        if (__builtin_mul_overflow(arc, 10u, &arc) ||
            __builtin_add_overflow(arc, (uint64_t)(c - '0'), &arc))
            return CX_ERR(LIMIT);
    }
    if (len == 0 || len + 1 == text->len) /* an empty arc, or a dot at the end */
        return CX_ERR(PARSE);
    size_t used = len < text->len ? len + 1 : len;
    *text = (struct cx_str){text->ptr + used, text->len - used};
    *ret_arc = arc;
    return CX_OK;
}

cx_err der_oid_from_text(struct cx_str dotted, struct der_oid *ret_oid)
{
    struct der_oid oid = {.len = 0};
    uint64_t first = 0;
    uint64_t second = 0;
    CX_TRY(arc_take(&dotted, &first));
    CX_TRY(arc_take(&dotted, &second));
    /* §8.19.4: the first two arcs share a subidentifier. */
    if (first > 2 || (first < 2 && second > 39))
        return CX_ERR(PARSE);
    if (__builtin_add_overflow(second, first * 40, &second))
        return CX_ERR(LIMIT);
    CX_TRY(arc_put(&oid, second));
    while (dotted.len > 0) {
        uint64_t arc = 0;
        CX_TRY(arc_take(&dotted, &arc));
        CX_TRY(arc_put(&oid, arc));
    }
    *ret_oid = oid;
    return CX_OK;
}

static cx_err arcs_read(struct cx_bytes oid, uint64_t arcs[static ARCS_MAX], size_t *ret_count)
{
    size_t count = 0;
    uint64_t arc = 0;
    for (size_t i = 0; i < oid.len; i++) {
        if (arc >> 57 != 0 || count == ARCS_MAX)
            return CX_ERR(LIMIT);
        arc = arc << 7 | (oid.ptr[i] & 0x7f);
        if (oid.ptr[i] & 0x80)
            continue;
        arcs[count++] = arc;
        arc = 0;
    }
    *ret_count = count;
    return CX_OK;
}

cx_err der_oid_to_text(struct cx_bytes oid, char ret_text[static DER_OID_TEXT_MAX])
{
    if (!der_oid_valid(oid))
        return CX_ERR(PARSE);
    uint64_t arcs[ARCS_MAX] = {0};
    size_t count = 0;
    CX_TRY(arcs_read(oid, arcs, &count));
    uint64_t first = arcs[0] < 80 ? arcs[0] / 40 : 2;
    char text[DER_OID_TEXT_MAX];
    int len = snprintf(text, sizeof(text), "%llu.%llu", (unsigned long long)first,
                       (unsigned long long)(arcs[0] - first * 40));
    for (size_t i = 1; i < count && len >= 0 && (size_t)len < sizeof(text); i++)
        len +=
            snprintf(text + len, sizeof(text) - (size_t)len, ".%llu", (unsigned long long)arcs[i]);
    if (len < 0 || (size_t)len >= sizeof(text))
        return CX_ERR(LIMIT);
    memcpy(ret_text, text, (size_t)len + 1);
    return CX_OK;
}

bool der_oid_is(struct cx_bytes oid, const char *dotted)
{
    struct der_oid wanted;
    if (cx_failed(der_oid_from_text(cx_str_from(dotted), &wanted)))
        return false;
    return cx_bytes_eq(oid, der_oid_view(&wanted));
}
