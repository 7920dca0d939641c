#include "keys/issuer_yaml.h"
#include "base/checked.h"
#include "codec/json_write.h"
#include "codec/yaml.h"

static const char *const keys_allowed[] = {"issuer",      "tenant",    "name", "backend",
                                           "key_label",   "key_type",  "root", "kinds",
                                           "shard_count", "status_url"};

static bool is_name(struct cx_str name, size_t max)
{
    if (name.len == 0 || name.len > max)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static bool is_url(struct cx_str url)
{
    if (url.len == 0)
        return true;
    if (url.len > ISSUER_URL_MAX || url.ptr[url.len - 1] == '/' ||
        !(cx_str_starts(url, CX_STR("http://")) || cx_str_starts(url, CX_STR("https://"))))
        return false;
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || url.ptr[i] == '"' || url.ptr[i] == '\\')
            return false;
    return true;
}

cx_err issuer_spec_check(const struct issuer_spec *spec, struct cx_diag *diag)
{
    const uint32_t shards = spec->shard_count;
    if (!is_name(spec->name, ISSUER_NAME_MAX))
        return cx_refuse(diag, CX_ERR(PARSE), "name", "issuer-name",
                         "an issuer's name is 1 to 64 of a-z, 0-9 and '-'");
    if (!is_name(spec->backend, 16))
        return cx_refuse(diag, CX_ERR(PARSE), "backend", "issuer-backend",
                         "the back end is \"file\" or \"pkcs11\"");
    if (spec->key_label.len > BACKEND_LABEL_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "key_label", "issuer-key-label",
                         "a key label has at most 64 octets");
    if ((unsigned)spec->key_type >= CRYPTO_KEY_COUNT)
        return cx_refuse(diag, CX_ERR(PARSE), "key_type", "issuer-key-type", "unknown key type");
    if (spec->kinds == 0 || spec->kinds >= 1u << PKI_KIND_COUNT)
        return cx_refuse(diag, CX_ERR(PARSE), "kinds", "issuer-kinds",
                         "an issuer needs at least one kind of certificate that it may issue");
    if (shards == 0 || shards > PKI_SHARDS_MAX || (shards & (shards - 1)) != 0)
        return cx_refuse(diag, CX_ERR(PARSE), "shard_count", "issuer-shard-count",
                         "the number of CRL shards is a power of two, 1 to 4096");
    if (!is_url(spec->status_url))
        return cx_refuse(
            diag, CX_ERR(PARSE), "status_url", "issuer-status-url",
            "the status URL is http(s)://host[:port][/path] without a slash at its end");
    return CX_OK;
}

static cx_err write_kinds(const struct issuer_spec *spec, struct cx_buf *out)
{
    CX_TRY(cx_buf_add_str(out, CX_STR("kinds:\n")));
    for (unsigned kind = 0; kind < PKI_KIND_COUNT; kind++)
        if (spec->kinds >> kind & 1)
            CX_TRY(cx_buf_addf(out, "  - %s\n", pki_kind_name((enum pki_kind)kind)));
    return CX_OK;
}

cx_err issuer_yaml_write(const struct issuer_spec *spec, struct cx_buf *out)
{
    CX_TRY(issuer_spec_check(spec, NULL));
    char id[CX_ID_TEXT_MAX];
    CX_TRY(cx_buf_add_str(out, CX_STR("# Authenticated: a change makes the issuer unusable. "
                                      "docs/operations/key-ceremony.md\n")));
    cx_id_format(CX_ID_ISSUER, spec->issuer_id, id);
    CX_TRY(cx_buf_addf(out, "issuer: %s\n", id));
    cx_id_format(CX_ID_TENANT, spec->tenant_id, id);
    CX_TRY(cx_buf_addf(out, "tenant: %s\n", id));
    CX_TRY(cx_buf_addf(out, "name: \"%.*s\"\nbackend: %.*s\nkey_label: ", CX_STR_ARG(spec->name),
                       CX_STR_ARG(spec->backend)));
    CX_TRY(json_escape(out, spec->key_label)); /* a JSON string is a YAML double-quoted scalar */
    CX_TRY(cx_buf_addf(out, "\nkey_type: %s\nroot: %s\nshard_count: %u\nstatus_url: \"%.*s\"\n",
                       crypto_key_type_name(spec->key_type), spec->root ? "true" : "false",
                       spec->shard_count, CX_STR_ARG(spec->status_url)));
    return write_kinds(spec, out);
}

static cx_err read_kinds(const struct json_node *top, struct cx_diag *diag, uint32_t *ret_kinds)
{
    const char *names[PKI_KIND_COUNT];
    for (unsigned i = 0; i < PKI_KIND_COUNT; i++)
        names[i] = pki_kind_name((enum pki_kind)i);
    struct json_node list;
    size_t count = 0;
    uint32_t kinds = 0;
    CX_TRY(json_read_array(top, "kinds", PKI_KIND_COUNT, diag, &list, &count));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        size_t kind = 0;
        CX_TRY(json_as_word(&item, names, PKI_KIND_COUNT, diag, &kind));
        kinds |= 1u << kind;
    }
    *ret_kinds = kinds;
    return CX_OK;
}

static cx_err read_text(const struct json_node *top, const char *key, size_t max,
                        struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    struct cx_str text;
    CX_TRY(json_read_str(top, key, max, diag, &text));
    return arena_copy_str(arena, text, ret_text);
}

cx_err issuer_yaml_parse(struct arena *arena, struct cx_bytes text, struct cx_diag *diag,
                         struct issuer_spec *ret_spec)
{
    json_auto_t *root = NULL;
    struct issuer_spec spec = {0};
    int64_t shards = 0;
    size_t key_type = 0;
    const char *types[CRYPTO_KEY_COUNT];
    for (unsigned i = 0; i < CRYPTO_KEY_COUNT; i++)
        types[i] = crypto_key_type_name((enum crypto_key_type)i);
    CX_TRY(yaml_parse(text, ISSUER_YAML_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_only(&top, keys_allowed, CX_COUNT_OF(keys_allowed), diag));
    CX_TRY(json_read_id(&top, "issuer", CX_ID_ISSUER, diag, &spec.issuer_id));
    CX_TRY(json_read_id(&top, "tenant", CX_ID_TENANT, diag, &spec.tenant_id));
    CX_TRY(read_text(&top, "name", ISSUER_NAME_MAX, arena, diag, &spec.name));
    CX_TRY(read_text(&top, "backend", 16, arena, diag, &spec.backend));
    CX_TRY(read_text(&top, "key_label", BACKEND_LABEL_MAX, arena, diag, &spec.key_label));
    CX_TRY(json_read_word(&top, "key_type", types, CRYPTO_KEY_COUNT, diag, &key_type));
    CX_TRY(json_read_bool(&top, "root", diag, &spec.root));
    CX_TRY(json_read_i64(&top, "shard_count", 1, PKI_SHARDS_MAX, diag, &shards));
    CX_TRY(read_text(&top, "status_url", ISSUER_URL_MAX, arena, diag, &spec.status_url));
    CX_TRY(read_kinds(&top, diag, &spec.kinds));
    spec.key_type = (enum crypto_key_type)key_type;
    spec.shard_count = (uint32_t)shards;
    CX_TRY(issuer_spec_check(&spec, diag));
    *ret_spec = spec;
    return CX_OK;
}
