#include "pki/note.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#include <inttypes.h>

enum { TYPE_ED25519 = 1, KEY_ID_LEN = 4, SPKI_PREFIX_LEN = 12 };

/* RFC 8410 §4: what stands before the 32 bytes of an Ed25519 SubjectPublicKeyInfo. */
static const uint8_t spki_prefix[SPKI_PREFIX_LEN] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                     0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/* signed-note: a key name has no Unicode spaces and no plus; ours are printable ASCII. */
static bool name_ok(struct cx_str name)
{
    if (name.len == 0 || name.len > NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || name.ptr[i] == '+')
            return false;
    return true;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct cx_str key_name(const struct note_key *key)
{
    return cx_str_from(key->name);
}

/* Cuts text at the first separator; false when there is none. */
static bool cut(struct cx_str text, char separator, struct cx_str *ret_head,
                struct cx_str *ret_tail)
{
    const char *at = text.len ? memchr(text.ptr, separator, text.len) : NULL;
    if (!at)
        return false;
    size_t head_len = (size_t)(at - text.ptr);
    *ret_head = (struct cx_str){text.ptr, head_len};
    *ret_tail = (struct cx_str){at + 1, text.len - head_len - 1};
    return true;
}

cx_err note_key_make(struct cx_str name, const uint8_t public_key[static NOTE_KEY_LEN],
                     struct note_key *ret_key)
{
    if (!name_ok(name))
        return CX_ERR(PARSE);
    const uint8_t type = TYPE_ED25519;
    const struct cx_bytes pieces[] = {cx_str_bytes(name), CX_BYTES("\n", 1), CX_BYTES(&type, 1),
                                      CX_BYTES(public_key, NOTE_KEY_LEN)};
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, 4, digest));
    struct note_key key = {.id = read_u32(digest)};
    memcpy(key.name, name.ptr, name.len);
    memcpy(key.public_key, public_key, NOTE_KEY_LEN);
    *ret_key = key;
    return CX_OK;
}

cx_err note_key_parse(struct cx_str vkey, struct note_key *ret_key)
{
    struct cx_str name, id_text, key_text;
    if (vkey.len > NOTE_VKEY_MAX)
        return CX_ERR(LIMIT);
    if (!cut(vkey, '+', &name, &id_text) || !cut(id_text, '+', &id_text, &key_text))
        return CX_ERR(PARSE);
    CX_CLEANUP(cx_buf_clear) struct cx_buf id = CX_BUF_INIT(KEY_ID_LEN);
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(NOTE_VKEY_MAX);
    if (cx_failed(hex_decode(id_text, &id)) || cx_failed(base64_decode(key_text, &bytes)))
        return CX_ERR(PARSE);
    if (id.len != KEY_ID_LEN || bytes.len != 1 + NOTE_KEY_LEN || bytes.ptr[0] != TYPE_ED25519)
        return CX_ERR(PARSE);
    struct note_key key;
    CX_TRY(note_key_make(name, bytes.ptr + 1, &key));
    if (key.id != read_u32(id.ptr))
        return CX_ERR(PARSE);
    *ret_key = key;
    return CX_OK;
}

cx_err note_key_write(const struct note_key *key, struct cx_buf *out)
{
    uint8_t bytes[1 + NOTE_KEY_LEN] = {TYPE_ED25519};
    memcpy(bytes + 1, key->public_key, NOTE_KEY_LEN);
    CX_TRY(cx_buf_addf(out, "%s+%08" PRIx32 "+", key->name, key->id));
    return base64_encode(CX_BYTES(bytes, sizeof(bytes)), out);
}

cx_err note_write(struct cx_str text, const struct note_key *key,
                  const uint8_t signature[static NOTE_SIGNATURE_LEN], struct cx_buf *out)
{
    if (!cx_str_ends(text, CX_STR("\n")))
        return CX_ERR(USAGE);
    uint8_t blob[KEY_ID_LEN + NOTE_SIGNATURE_LEN] = {(uint8_t)(key->id >> 24),
                                                     (uint8_t)(key->id >> 16),
                                                     (uint8_t)(key->id >> 8), (uint8_t)key->id};
    memcpy(blob + KEY_ID_LEN, signature, NOTE_SIGNATURE_LEN);
    CX_TRY(cx_buf_add_str(out, text));
    CX_TRY(cx_buf_addf(out, "\n\u2014 %s ", key->name));
    CX_TRY(base64_encode(CX_BYTES(blob, sizeof(blob)), out));
    return cx_buf_add_u8(out, '\n');
}

/* One line without its newline: "— name base64". ret_blob receives key id and signature. */
static cx_err parse_signature(struct cx_str line, struct cx_str *ret_name, struct cx_buf *ret_blob)
{
    struct cx_str dash = CX_STR("\u2014 ");
    struct cx_str encoded;
    if (!cx_str_starts(line, dash))
        return CX_ERR(PARSE);
    struct cx_str rest = {line.ptr + dash.len, line.len - dash.len};
    if (!cut(rest, ' ', ret_name, &encoded) || !name_ok(*ret_name))
        return CX_ERR(PARSE);
    cx_buf_reset(ret_blob);
    CX_TRY(base64_decode(encoded, ret_blob));
    return ret_blob->len > KEY_ID_LEN ? CX_OK : CX_ERR(PARSE);
}

static cx_err verify_one(const struct note_key *key, struct cx_str text, struct cx_bytes signature)
{
    uint8_t spki[SPKI_PREFIX_LEN + NOTE_KEY_LEN];
    memcpy(spki, spki_prefix, sizeof(spki_prefix));
    memcpy(spki + SPKI_PREFIX_LEN, key->public_key, NOTE_KEY_LEN);
    CX_CLEANUP(crypto_key_freep) struct crypto_key *public_key = NULL;
    if (cx_failed(crypto_key_from_spki(CX_BYTES(spki, sizeof(spki)), &public_key)))
        return CX_ERR(CRYPTO);
    return crypto_verify(public_key, CRYPTO_SIGNATURE_ED25519, cx_str_bytes(text), signature);
}

/* signed-note: the text ends at the last blank line; unknown keys are ignored, a wrong signature of a
 * known one refuses the note. */
static cx_err check_signatures(struct cx_str text, struct cx_str lines, const struct note_key *key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf blob = CX_BUF_INIT(NOTE_MAX);
    bool verified = false;
    for (unsigned count = 0; lines.len; count++) {
        struct cx_str line, name;
        if (count >= NOTE_SIGNATURES_MAX)
            return CX_ERR(LIMIT);
        if (!cut(lines, '\n', &line, &lines))
            return CX_ERR(PARSE);
        CX_TRY(parse_signature(line, &name, &blob));
        if (!cx_str_eq(name, key_name(key)) || read_u32(blob.ptr) != key->id)
            continue;
        if (verified)
            return CX_ERR(PARSE); /* the same key twice */
        CX_TRY(verify_one(key, text, CX_BYTES(blob.ptr + KEY_ID_LEN, blob.len - KEY_ID_LEN)));
        verified = true;
    }
    return verified ? CX_OK : CX_ERR(CRYPTO);
}

cx_err note_verify(struct cx_str note, const struct note_key *key, struct cx_str *ret_text)
{
    if (note.len > NOTE_MAX)
        return CX_ERR(LIMIT);
    size_t split = 0;
    for (size_t i = 1; i < note.len; i++)
        if (note.ptr[i - 1] == '\n' && note.ptr[i] == '\n')
            split = i;
    if (split == 0)
        return CX_ERR(PARSE);
    for (size_t i = 0; i < note.len; i++)
        if ((unsigned char)note.ptr[i] < ' ' && note.ptr[i] != '\n')
            return CX_ERR(PARSE);
    struct cx_str text = {note.ptr, split};
    CX_TRY(
        check_signatures(text, (struct cx_str){note.ptr + split + 1, note.len - split - 1}, key));
    *ret_text = text;
    return CX_OK;
}

cx_err checkpoint_write(const struct checkpoint *checkpoint, struct cx_buf *out)
{
    if (!name_ok(checkpoint->origin))
        return CX_ERR(USAGE);
    CX_TRY(cx_buf_add_str(out, checkpoint->origin));
    CX_TRY(cx_buf_addf(out, "\n%" PRIu64 "\n", checkpoint->size));
    CX_TRY(base64_encode(CX_BYTES(checkpoint->root, sizeof(checkpoint->root)), out));
    return cx_buf_add_u8(out, '\n');
}

cx_err checkpoint_parse(struct cx_str text, struct checkpoint *ret_checkpoint)
{
    struct cx_str origin, size_text, root_text, extensions;
    if (!cut(text, '\n', &origin, &extensions) || !cut(extensions, '\n', &size_text, &extensions) ||
        !cut(extensions, '\n', &root_text, &extensions) || !name_ok(origin))
        return CX_ERR(PARSE);
    int64_t size = 0;
    if (cx_failed(cx_parse_i64(size_text, 0, INT64_MAX, &size)))
        return CX_ERR(PARSE);
    CX_CLEANUP(cx_buf_clear) struct cx_buf root = CX_BUF_INIT(CHECKPOINT_ROOT_LEN);
    if (cx_failed(base64_decode(root_text, &root)) || root.len != CHECKPOINT_ROOT_LEN)
        return CX_ERR(PARSE);
    struct checkpoint checkpoint = {.origin = origin, .size = (uint64_t)size};
    memcpy(checkpoint.root, root.ptr, sizeof(checkpoint.root));
    *ret_checkpoint = checkpoint;
    return CX_OK;
}
