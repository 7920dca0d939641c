/* A secret's text is four identifiers' worth of base32: tenant, id, and the two halves of the secret. */
#include "core/access/secret.h"
#include "base/cleanup.h"
#include "crypto/hash.h"

enum { ID_CHARS = 26, HEAD_CHARS = 4 };

static struct cx_str head_of(enum access_secret_kind kind)
{
    static const char *const heads[] = {
        [ACCESS_SECRET_TOKEN] = "cxt_",   [ACCESS_SECRET_LINK] = "cxl_",
        [ACCESS_SECRET_SESSION] = "cxs_", [ACCESS_SECRET_DEVICE] = "cxd_",
        [ACCESS_SECRET_NOTICE] = "cxn_",  [ACCESS_SECRET_PAGE] = "cxp_"};
    return (struct cx_str){heads[kind], HEAD_CHARS};
}

static void write_id(const uint8_t bytes[static 16], char ret_chars[static ID_CHARS])
{
    struct cx_id id;
    char text[CX_ID_TEXT_MAX];
    memcpy(id.b, bytes, sizeof(id.b));
    cx_id_format(CX_ID_KEY, id, text);
    memcpy(ret_chars, text + HEAD_CHARS, ID_CHARS); /* every prefix is "xxx_" */
    cx_wipe(text, sizeof(text));
    cx_wipe(&id, sizeof(id));
}

static cx_err read_id(const char chars[static ID_CHARS], uint8_t ret_bytes[static 16])
{
    char text[HEAD_CHARS + ID_CHARS];
    struct cx_id id;
    memcpy(text, cx_id_prefix(CX_ID_KEY), HEAD_CHARS - 1);
    text[HEAD_CHARS - 1] = '_';
    memcpy(text + HEAD_CHARS, chars, ID_CHARS);
    cx_err err = cx_id_parse(CX_ID_KEY, (struct cx_str){text, sizeof(text)}, &id);
    if (cx_is_ok(err))
        memcpy(ret_bytes, id.b, sizeof(id.b));
    cx_wipe(text, sizeof(text));
    cx_wipe(&id, sizeof(id));
    return err;
}

cx_err access_secret_new(struct cx_rng *rng, struct cx_id tenant_id,
                         struct access_secret *ret_secret)
{
    struct access_secret made = {.tenant_id = tenant_id};
    CX_TRY(cx_id_new(rng, &made.id));
    CX_TRY(cx_rng_fill(rng, made.secret, sizeof(made.secret)));
    *ret_secret = made;
    access_secret_clear(&made);
    return CX_OK;
}

void access_secret_clear(struct access_secret *secret)
{
    cx_wipe(secret, sizeof(*secret));
}

void access_secret_format(enum access_secret_kind kind, const struct access_secret *secret,
                          char ret_text[static ACCESS_SECRET_TEXT_LEN + 1])
{
    char *at = ret_text;
    memcpy(at, head_of(kind).ptr, HEAD_CHARS);
    at += HEAD_CHARS;
    write_id(secret->tenant_id.b, at);
    at += ID_CHARS;
    write_id(secret->id.b, at);
    at += ID_CHARS;
    *at++ = '_';
    write_id(secret->secret, at);
    at += ID_CHARS;
    write_id(secret->secret + 16, at);
    ret_text[ACCESS_SECRET_TEXT_LEN] = '\0';
}

cx_err access_secret_parse(enum access_secret_kind kind, struct cx_str text,
                           struct access_secret *ret_secret)
{
    if (text.len != ACCESS_SECRET_TEXT_LEN || !cx_str_starts(text, head_of(kind)))
        return CX_ERR(PARSE);
    const char *at = text.ptr + HEAD_CHARS;
    if (at[2 * ID_CHARS] != '_')
        return CX_ERR(PARSE);
    struct access_secret CX_CLEANUP(access_secret_clear) read = {0};
    CX_TRY(read_id(at, read.tenant_id.b));
    CX_TRY(read_id(at + ID_CHARS, read.id.b));
    CX_TRY(read_id(at + 2 * ID_CHARS + 1, read.secret));
    CX_TRY(read_id(at + 3 * ID_CHARS + 1, read.secret + 16));
    *ret_secret = read;
    return CX_OK;
}

cx_err access_secret_hash(const struct access_secret *secret,
                          uint8_t ret_hash[static ACCESS_HASH_LEN])
{
    return crypto_sha256(CX_BYTES(secret->secret, sizeof(secret->secret)), ret_hash);
}
