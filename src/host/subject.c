#include "host/commands.h"

static const struct {
    const char *key;
    enum pki_attribute_type type;
} keys[] = {{"CN", PKI_ATTR_COMMON_NAME},
            {"C", PKI_ATTR_COUNTRY},
            {"ST", PKI_ATTR_STATE},
            {"L", PKI_ATTR_LOCALITY},
            {"O", PKI_ATTR_ORGANIZATION},
            {"OU", PKI_ATTR_ORGANIZATIONAL_UNIT},
            {"SERIALNUMBER", PKI_ATTR_SERIAL_NUMBER}};

static cx_err refuse(struct cli *cli, const char *what)
{
    return cx_refuse(&cli->diag, CX_ERR(USAGE), "subject", "subject-syntax",
                     "%s Write: CN=Example CA,O=Example", what);
}

/* One value up to an unescaped comma; at is moved behind it. */
static cx_err read_value(struct cli *cli, struct cx_str text, size_t *at, struct cx_str *ret_value)
{
    char *value = NULL;
    size_t len = 0;
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, text.len + 1, &value));
    for (; *at < text.len && text.ptr[*at] != ','; (*at)++) {
        if (text.ptr[*at] == '\\' && ++*at == text.len)
            return refuse(cli, "It ends in a backslash.");
        value[len++] = text.ptr[*at];
    }
    *at += *at < text.len;
    if (len == 0)
        return refuse(cli, "A value is empty.");
    *ret_value = (struct cx_str){value, len};
    return CX_OK;
}

cx_err subject_parse(struct cli *cli, struct cx_str text,
                     const struct pki_attribute **ret_attributes, size_t *ret_count)
{
    struct pki_attribute *attributes = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, PKI_ATTRIBUTES_MAX, &attributes));
    for (size_t at = 0; at < text.len;) {
        const char *equals = memchr(text.ptr + at, '=', text.len - at);
        if (!equals || count == PKI_ATTRIBUTES_MAX)
            return refuse(cli, "A part has no \"=\", or there are too many.");
        struct cx_str key = {text.ptr + at, (size_t)(equals - text.ptr) - at};
        size_t found = 0;
        while (found < sizeof(keys) / sizeof(keys[0]) && !cx_str_is(key, keys[found].key))
            found++;
        if (found == sizeof(keys) / sizeof(keys[0]))
            return refuse(cli, "Only CN, C, ST, L, O, OU and SERIALNUMBER are known.");
        at = (size_t)(equals - text.ptr) + 1;
        attributes[count].type = keys[found].type;
        CX_TRY(read_value(cli, text, &at, &attributes[count++].value));
    }
    if (count == 0)
        return refuse(cli, "It is empty.");
    *ret_attributes = attributes;
    *ret_count = count;
    return CX_OK;
}
