/* The parts that several kinds of object share. */
#include "cli/inspect.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/oid_name.h"
#include "pki/algorithm.h"
#include "pki/general_name.h"
#include "pki/name.h"
#include "pki/oid.h"

enum { HEX_TEXT_MAX = 8192 };

cx_err inspect_set(json_t *object, const char *key, json_t *value)
{
    return value && json_object_set_new(object, key, value) == 0 ? CX_OK : CX_ERR(NOMEM);
}

cx_err inspect_text(json_t *object, const char *key, struct cx_str text)
{
    return inspect_set(object, key, json_stringn(text.ptr ? text.ptr : "", text.len));
}

cx_err inspect_hex(json_t *object, const char *key, struct cx_bytes bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(HEX_TEXT_MAX);
    CX_TRY(hex_encode(bytes, &text));
    return inspect_text(object, key, (struct cx_str){(const char *)text.ptr, text.len});
}

cx_err inspect_time(json_t *object, const char *key, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(at_us, text));
    return inspect_text(object, key, cx_str_from(text));
}

cx_err inspect_oid(json_t *object, const char *key, struct cx_bytes oid)
{
    char text[DER_OID_TEXT_MAX];
    CX_TRY(der_oid_to_text(oid, text));
    return inspect_text(object, key, cx_str_from(text));
}

cx_err inspect_oid_name(json_t *object, const char *key, struct cx_bytes oid)
{
    char text[DER_OID_TEXT_MAX];
    CX_TRY(der_oid_to_text(oid, text));
    const char *name = crypto_oid_name(text);
    return name ? inspect_text(object, key, cx_str_from(name)) : CX_OK;
}

cx_err inspect_sha256(json_t *object, const char *key, struct cx_bytes bytes)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_sha256(bytes, digest));
    return inspect_hex(object, key, CX_BYTES(digest, sizeof(digest)));
}

static const char *short_name(struct cx_bytes oid)
{
    static const struct {
        enum pki_oid oid;
        const char *name;
    } names[] = {{PKI_OID_COMMON_NAME, "CN"},
                 {PKI_OID_COUNTRY, "C"},
                 {PKI_OID_STATE, "ST"},
                 {PKI_OID_LOCALITY, "L"},
                 {PKI_OID_ORGANIZATION, "O"},
                 {PKI_OID_ORGANIZATIONAL_UNIT, "OU"},
                 {PKI_OID_SERIAL_NUMBER, "serialNumber"},
                 {PKI_OID_EMAIL, "emailAddress"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pki_oid_is(oid, names[i].oid))
            return names[i].name;
    return NULL;
}

static cx_err add_attribute(struct cli *cli, struct der_reader *rdn, struct cx_buf *text)
{
    struct der_reader pair;
    struct der_value value;
    struct cx_bytes oid;
    struct cx_str shown;
    char dotted[DER_OID_TEXT_MAX];
    CX_TRY(der_enter(rdn, DER_SEQUENCE, &pair));
    CX_TRY(der_read_oid(&pair, &oid));
    CX_TRY(der_read_any(&pair, &value));
    CX_TRY(der_finish(&pair));
    CX_TRY(der_oid_to_text(oid, dotted));
    CX_TRY(cx_buf_addf(text, "%s%s=", text->len ? ", " : "",
                       short_name(oid) ? short_name(oid) : dotted));
    if (cx_failed(der_text_view(&cli->arena, value.tag, value.content, &shown)))
        return hex_encode(value.content, text);
    return cx_buf_add_str(text, shown);
}

cx_err inspect_name(struct cli *cli, json_t *object, const char *key, struct cx_bytes name)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(HEX_TEXT_MAX);
    struct der_reader rdns, rdn;
    CX_TRY(der_enter_only(name, DER_SEQUENCE, &rdns));
    while (!der_at_end(&rdns)) {
        CX_TRY(der_enter(&rdns, DER_SET, &rdn));
        while (!der_at_end(&rdn))
            CX_TRY(add_attribute(cli, &rdn, &text));
    }
    return inspect_text(object, key, (struct cx_str){(const char *)text.ptr, text.len});
}

cx_err inspect_public_key(json_t *object, struct cx_bytes spki)
{
    enum crypto_key_type type;
    bool known = cx_is_ok(crypto_spki_type(spki, &type));
    CX_TRY(inspect_text(object, "key_type",
                        cx_str_from(known ? crypto_key_type_name(type) : "not supported here")));
    return inspect_sha256(object, "spki_sha256", spki);
}

cx_err inspect_signature_algorithm(json_t *object, struct cx_bytes identifier)
{
    struct der_reader reader;
    struct cx_bytes oid;
    CX_TRY(der_enter_only(identifier, DER_SEQUENCE, &reader));
    CX_TRY(der_read_oid(&reader, &oid));
    CX_TRY(inspect_oid_name(object, "signature_algorithm_name", oid));
    return inspect_oid(object, "signature_algorithm", oid);
}

static cx_err add_alt_name(struct cli *cli, json_t *names, const struct pki_name *name)
{
    struct cx_str text;
    CX_TRY(pki_name_to_text(&cli->arena, name, &text));
    json_t *pair = json_pack("{s:s, s:s%}", "kind", pki_name_kind_name(name->kind), "value",
                             text.ptr, text.len);
    return pair && json_array_append_new(names, pair) == 0 ? CX_OK : CX_ERR(NOMEM);
}

cx_err inspect_alt_names(struct cli *cli, json_t *object, struct cx_bytes der)
{
    const struct pki_name *names = NULL;
    size_t count = 0;
    /* A kind that is not supported here is told, not hidden. */
    if (cx_failed(pki_general_names_parse(&cli->arena, der, "", NULL, &names, &count)))
        return inspect_hex(object, "names_der", der);
    CX_TRY(inspect_set(object, "names", json_array()));
    for (size_t i = 0; i < count; i++)
        CX_TRY(add_alt_name(cli, json_object_get(object, "names"), &names[i]));
    return CX_OK;
}
