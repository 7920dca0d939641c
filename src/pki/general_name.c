#include "pki/general_name.h"

static const uint8_t tags[PKI_NAME_COUNT] = {
    [PKI_NAME_DNS] = DER_CONTEXT(2),
    [PKI_NAME_IP] = DER_CONTEXT(7),
    [PKI_NAME_EMAIL] = DER_CONTEXT(1),
    [PKI_NAME_URI] = DER_CONTEXT(6),
};

cx_err pki_general_name_write(struct cx_buf *out, enum pki_name_kind kind, struct cx_bytes value)
{
    return der_write(out, tags[kind], value);
}

cx_err pki_url_write(struct cx_buf *out, struct cx_str url)
{
    return der_write(out, tags[PKI_NAME_URI], cx_str_bytes(url));
}

cx_err pki_general_name_parse(struct der_reader *names, const char *field, struct cx_diag *diag,
                              struct pki_name *ret_name)
{
    struct der_value value;
    CX_TRY(der_read_any(names, &value));
    for (int kind = 0; kind < PKI_NAME_COUNT; kind++) {
        if (value.tag != tags[kind])
            continue;
        if (kind != PKI_NAME_IP && !der_text_valid(DER_IA5_STRING, value.content))
            return cx_refuse(diag, CX_ERR(PARSE), field, "name-character",
                             "The name is not ASCII text.");
        *ret_name = (struct pki_name){(enum pki_name_kind)kind, value.content};
        return CX_OK;
    }
    return cx_refuse(diag, CX_ERR(POLICY), field, "name-kind-unsupported",
                     "Alternative names are dns, ip, email or uri; this one has tag 0x%02x.",
                     value.tag);
}

cx_err pki_general_names_parse(struct arena *arena, struct cx_bytes der, const char *field,
                               struct cx_diag *diag, const struct pki_name **ret_names,
                               size_t *ret_count)
{
    struct der_reader reader;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &reader));
    struct der_reader ahead = reader;
    size_t count = 0;
    for (struct der_value value; !der_at_end(&ahead); count++)
        CX_TRY(der_read_any(&ahead, &value));
    if (count == 0)
        return CX_ERR(PARSE);
    if (count > PKI_NAMES_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), field, "names-max", "More than %d names.",
                         PKI_NAMES_MAX);
    struct pki_name *names = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &names));
    for (size_t i = 0; i < count; i++)
        CX_TRY(pki_general_name_parse(&reader, field, diag, &names[i]));
    *ret_names = names;
    *ret_count = count;
    return CX_OK;
}
