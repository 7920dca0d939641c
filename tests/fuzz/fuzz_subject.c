/* --subject of a ceremony: what is accepted, written with every mark escaped, is read back to the same attributes. */
#include "base/cleanup.h"
#include "host/commands.h"
#include "tests/fuzz/fuzz.h"

static const char *key_of(enum pki_attribute_type type)
{
    static const struct {
        enum pki_attribute_type type;
        const char *key;
    } keys[] = {{PKI_ATTR_COMMON_NAME, "CN"},
                {PKI_ATTR_COUNTRY, "C"},
                {PKI_ATTR_STATE, "ST"},
                {PKI_ATTR_LOCALITY, "L"},
                {PKI_ATTR_ORGANIZATION, "O"},
                {PKI_ATTR_ORGANIZATIONAL_UNIT, "OU"},
                {PKI_ATTR_SERIAL_NUMBER, "SERIALNUMBER"}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].type == type)
            return keys[i].key;
    FUZZ_REQUIRE(!"a type that has no key");
    return NULL;
}

static void write_all(const struct pki_attribute *attributes, size_t count, struct cx_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        FUZZ_REQUIRE(cx_is_ok(cx_buf_addf(out, "%s%s=", i ? "," : "", key_of(attributes[i].type))));
        for (size_t k = 0; k < attributes[i].value.len; k++) {
            FUZZ_REQUIRE(cx_is_ok(cx_buf_add_u8(out, '\\')));
            FUZZ_REQUIRE(cx_is_ok(cx_buf_add_u8(out, (uint8_t)attributes[i].value.ptr[k])));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cli cli = {.arena = ARENA_INIT(64 << 20)};
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(8 << 20);
    const struct pki_attribute *attributes = NULL, *back = NULL;
    size_t count = 0, back_count = 0;
    if (cx_is_ok(
            subject_parse(&cli, (struct cx_str){(const char *)data, size}, &attributes, &count))) {
        FUZZ_REQUIRE(count > 0 && count <= PKI_ATTRIBUTES_MAX);
        write_all(attributes, count, &text);
        FUZZ_REQUIRE(cx_is_ok(subject_parse(&cli, (struct cx_str){(const char *)text.ptr, text.len},
                                            &back, &back_count)));
        FUZZ_REQUIRE(back_count == count);
        for (size_t i = 0; i < count; i++)
            FUZZ_REQUIRE(back[i].type == attributes[i].type &&
                         cx_str_eq(back[i].value, attributes[i].value));
    } else {
        FUZZ_REQUIRE(cli.diag.text[0] && attributes == NULL);
    }
    arena_clear(&cli.arena);
    return 0;
}
