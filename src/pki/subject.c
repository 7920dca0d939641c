#include "pki/subject.h"
#include "base/utf8.h"
#include "codec/der_write.h"
#include "pki/oid.h"

static const struct attribute_form {
    enum pki_oid oid;
    uint8_t tag;
    size_t max; /* characters: RFC 5280 appendix A.1 */
} forms[PKI_ATTR_COUNT] = {
    [PKI_ATTR_COMMON_NAME] = {PKI_OID_COMMON_NAME, DER_UTF8_STRING, 64},
    [PKI_ATTR_COUNTRY] = {PKI_OID_COUNTRY, DER_PRINTABLE_STRING, 2},
    [PKI_ATTR_STATE] = {PKI_OID_STATE, DER_UTF8_STRING, 128},
    [PKI_ATTR_LOCALITY] = {PKI_OID_LOCALITY, DER_UTF8_STRING, 128},
    [PKI_ATTR_ORGANIZATION] = {PKI_OID_ORGANIZATION, DER_UTF8_STRING, 64},
    [PKI_ATTR_ORGANIZATIONAL_UNIT] = {PKI_OID_ORGANIZATIONAL_UNIT, DER_UTF8_STRING, 64},
    [PKI_ATTR_SERIAL_NUMBER] = {PKI_OID_SERIAL_NUMBER, DER_PRINTABLE_STRING, 64},
    [PKI_ATTR_EMAIL] = {PKI_OID_EMAIL, DER_IA5_STRING, 255},
};

cx_err pki_subject_write(const struct pki_attribute *attributes, size_t count, struct cx_buf *out)
{
    size_t name = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &name));
    for (size_t i = 0; i < count; i++) {
        const struct attribute_form *form = &forms[attributes[i].type];
        size_t set = 0;
        size_t pair = 0;
        CX_TRY(der_begin(out, DER_SET, &set));
        CX_TRY(der_begin(out, DER_SEQUENCE, &pair));
        CX_TRY(der_write(out, DER_OID, pki_oid(form->oid)));
        CX_TRY(der_write_text(out, form->tag, attributes[i].value));
        CX_TRY(der_end(out, pair));
        CX_TRY(der_end(out, set));
    }
    return der_end(out, name);
}

static cx_err refuse_unsupported(const char *field, struct cx_diag *diag, const char *rule,
                                 struct cx_bytes oid)
{
    char dotted[DER_OID_TEXT_MAX] = "?";
    CX_IGNORE(der_oid_to_text(oid, dotted)); /* the text is for the diagnostic only */
    return cx_refuse(diag, CX_ERR(POLICY), field, rule,
                     "The subject has an attribute that is not supported: %s.", dotted);
}

static cx_err parse_attribute(struct arena *arena, struct der_reader *rdns, const char *field,
                              struct cx_diag *diag, struct pki_attribute *ret_attribute)
{
    struct der_reader set;
    struct der_reader pair;
    struct cx_bytes oid;
    struct der_value value;
    CX_TRY(der_enter(rdns, DER_SET, &set));
    CX_TRY(der_enter(&set, DER_SEQUENCE, &pair));
    CX_TRY(der_read_oid(&pair, &oid));
    CX_TRY(der_read_any(&pair, &value));
    CX_TRY(der_finish(&pair));
    if (!der_at_end(&set))
        return refuse_unsupported(field, diag, "subject-multi-valued", oid);
    for (int type = 0; type < PKI_ATTR_COUNT; type++) {
        if (!pki_oid_is(oid, forms[type].oid))
            continue;
        struct cx_str text = CX_STR_NONE;
        if (!der_is_text(value.tag) || !der_text_valid(value.tag, value.content))
            return cx_refuse(diag, CX_ERR(PARSE), field, "subject-string",
                             "%s is not a valid text.",
                             pki_attribute_name((enum pki_attribute_type)type));
        CX_TRY(der_text_view(arena, value.tag, value.content, &text));
        *ret_attribute = (struct pki_attribute){(enum pki_attribute_type)type, text};
        return CX_OK;
    }
    return refuse_unsupported(field, diag, "subject-attribute-unsupported", oid);
}

cx_err pki_subject_parse(struct arena *arena, struct cx_bytes name, const char *field,
                         struct cx_diag *diag, const struct pki_attribute **ret_attributes,
                         size_t *ret_count)
{
    struct der_reader rdns;
    struct pki_attribute *attributes = NULL;
    size_t count = 0;
    CX_TRY(der_enter_only(name, DER_SEQUENCE, &rdns));
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_ATTRIBUTES_MAX, &attributes));
    while (!der_at_end(&rdns)) {
        if (count == PKI_ATTRIBUTES_MAX)
            return cx_refuse(diag, CX_ERR(LIMIT), field, "subject-attribute-count",
                             "The subject has more than %d attributes.", PKI_ATTRIBUTES_MAX);
        CX_TRY(parse_attribute(arena, &rdns, field, diag, &attributes[count]));
        count++;
    }
    *ret_attributes = attributes;
    *ret_count = count;
    return CX_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || (unsigned char)c < 0x20 || c == 0x7F;
}

cx_err pki_attribute_check(const struct pki_attribute *attribute, const char *field,
                           struct cx_diag *diag)
{
    const struct attribute_form *form = &forms[attribute->type];
    struct cx_str value = attribute->value;
    size_t characters = cx_utf8_count(value);
    if (characters == 0 || characters > form->max)
        return cx_refuse(diag, CX_ERR(POLICY), field, "subject-length",
                         "%s has 1 to %zu characters.", pki_attribute_name(attribute->type),
                         form->max);
    if (is_blank(value.ptr[0]) || is_blank(value.ptr[value.len - 1]))
        return cx_refuse(diag, CX_ERR(POLICY), field, "subject-blank",
                         "%s begins or ends with a blank.", pki_attribute_name(attribute->type));
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7F)
            return cx_refuse(diag, CX_ERR(POLICY), field, "subject-control",
                             "%s has a control character.", pki_attribute_name(attribute->type));
    if (!der_text_valid(form->tag, cx_str_bytes(value)))
        return cx_refuse(diag, CX_ERR(POLICY), field, "subject-alphabet",
                         "%s has a character that its string type does not allow.",
                         pki_attribute_name(attribute->type));
    /* ISO 3166-1 alpha-2, upper case. */
    if (attribute->type == PKI_ATTR_COUNTRY &&
        (value.len != 2 || value.ptr[0] < 'A' || value.ptr[0] > 'Z' || value.ptr[1] < 'A' ||
         value.ptr[1] > 'Z'))
        return cx_refuse(diag, CX_ERR(POLICY), field, "subject-country",
                         "country is two upper-case letters.");
    return CX_OK;
}
