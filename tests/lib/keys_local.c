#include "tests/lib/keys_local.h"
#include "base/cleanup.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "pki/note.h"

#include <pthread.h>

enum { TREES_MAX = 16 };

struct signed_tree {
    struct cx_id tenant_id;
    uint64_t size;
    uint8_t root[32];
};

struct keys_client {
    struct keys_local control;
    uint8_t kek[CRYPTO_GCM_KEY_LEN];
    struct crypto_key *log_key;
    pthread_mutex_t lock;
    struct signed_tree trees[TREES_MAX];
};

struct keys_client *keys_local_new(struct keys_local **ret_control)
{
    static const uint8_t seed[32] = "keys_local: a fixed test seed";
    struct keys_client *client = calloc(1, sizeof(*client));
    struct cx_rng rng;
    cx_rng_system(&rng);
    if (!client || cx_failed(cx_rng_fill(&rng, client->kek, sizeof(client->kek))) ||
        cx_failed(crypto_key_from_seed(CX_BYTES(seed, sizeof(seed)), &client->log_key)))
        abort();
    pthread_mutex_init(&client->lock, NULL);
    *ret_control = &client->control;
    return client;
}

void keys_local_free(struct keys_client *client)
{
    crypto_key_free(client->log_key);
    free(client);
}

/* AAD: tenant and version, so that a wrapped key is good for its own row only. */
static void place_of(struct cx_id tenant_id, uint32_t version, uint8_t ret_place[static 20])
{
    memcpy(ret_place, tenant_id.b, 16);
    memcpy(ret_place + 16, &version, 4);
}

cx_err keys_data_key_new(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                         struct arena *arena, struct cx_bytes *ret_wrapped,
                         struct cx_secret *ret_key)
{
    CX_TRY(client->control.fail);
    struct cx_rng rng;
    uint8_t place[20];
    uint8_t nonce[CRYPTO_GCM_NONCE_LEN];
    cx_rng_system(&rng);
    place_of(tenant_id, version, place);
    CX_TRY(cx_rng_fill(&rng, nonce, sizeof(nonce)));
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(CRYPTO_GCM_KEY_LEN, &key));
    CX_TRY(cx_rng_fill(&rng, key.ptr, key.len));
    CX_CLEANUP(cx_buf_clear) struct cx_buf wrapped = CX_BUF_INIT(256);
    CX_TRY(cx_buf_add(&wrapped, CX_BYTES(nonce, sizeof(nonce))));
    CX_TRY(crypto_gcm_seal(CX_BYTES(client->kek, sizeof(client->kek)),
                           CX_BYTES(nonce, sizeof(nonce)), CX_BYTES(place, sizeof(place)),
                           cx_secret_view(&key), &wrapped));
    CX_TRY(arena_copy(arena, cx_buf_view(&wrapped), ret_wrapped));
    *ret_key = key;
    key = CX_SECRET_INIT;
    return CX_OK;
}

cx_err keys_data_key_unwrap(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                            struct cx_bytes wrapped, struct cx_secret *ret_key)
{
    client->control.unwrap_count++;
    CX_TRY(client->control.fail);
    if (wrapped.len < CRYPTO_GCM_NONCE_LEN)
        return CX_ERR(CRYPTO);
    uint8_t place[20];
    place_of(tenant_id, version, place);
    CX_CLEANUP(cx_buf_clear) struct cx_buf key = CX_BUF_INIT(256);
    CX_TRY(crypto_gcm_open(
        CX_BYTES(client->kek, sizeof(client->kek)), CX_BYTES(wrapped.ptr, CRYPTO_GCM_NONCE_LEN),
        CX_BYTES(place, sizeof(place)),
        CX_BYTES(wrapped.ptr + CRYPTO_GCM_NONCE_LEN, wrapped.len - CRYPTO_GCM_NONCE_LEN), &key));
    return cx_secret_copy(cx_buf_view(&key), ret_key);
}

static cx_err log_verifier(const struct keys_client *client, struct cx_id tenant_id,
                           struct note_key *ret_key)
{
    char id[CX_ID_TEXT_MAX];
    char name[NOTE_NAME_MAX];
    cx_id_format(CX_ID_TENANT, tenant_id, id);
    snprintf(name, sizeof(name), "certinext.test/audit/%s", id);
    struct cx_bytes spki = crypto_key_spki(client->log_key);
    return note_key_make(cx_str_from(name), spki.ptr + spki.len - NOTE_KEY_LEN, ret_key);
}

/* As the journal does: never a smaller tree, never another root for the same size. */
static cx_err remember(struct keys_client *client, struct cx_id tenant_id, uint64_t size,
                       const uint8_t *root)
{
    for (int i = 0; i < TREES_MAX; i++) {
        struct signed_tree *tree = &client->trees[i];
        if (!cx_id_is_zero(tree->tenant_id) && !cx_id_eq(tree->tenant_id, tenant_id))
            continue;
        if (size < tree->size || (size == tree->size && size && memcmp(root, tree->root, 32) != 0))
            return CX_ERR(POLICY);
        *tree = (struct signed_tree){.tenant_id = tenant_id, .size = size};
        memcpy(tree->root, root, sizeof(tree->root));
        return CX_OK;
    }
    return CX_ERR(LIMIT);
}

cx_err keys_sign_checkpoint(struct keys_client *client, struct cx_id tenant_id, uint64_t size,
                            const uint8_t root[static 32], struct arena *arena,
                            struct cx_diag *diag, struct cx_str *ret_note)
{
    (void)diag;
    client->control.sign_count++;
    CX_TRY(client->control.fail);
    pthread_mutex_lock(&client->lock);
    cx_err remembered = remember(client, tenant_id, size, root);
    pthread_mutex_unlock(&client->lock);
    CX_TRY(remembered);
    struct note_key key;
    CX_TRY(log_verifier(client, tenant_id, &key));
    struct checkpoint checkpoint = {.origin = cx_str_from(key.name), .size = size};
    memcpy(checkpoint.root, root, sizeof(checkpoint.root));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NOTE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf note = CX_BUF_INIT(NOTE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(NOTE_SIGNATURE_LEN);
    CX_TRY(checkpoint_write(&checkpoint, &text));
    CX_TRY(crypto_sign(client->log_key, CRYPTO_SIGNATURE_ED25519, cx_buf_view(&text), &signature));
    struct cx_str view = {(const char *)text.ptr, text.len};
    CX_TRY(note_write(view, &key, signature.ptr, &note));
    return arena_copy_str(arena, (struct cx_str){(const char *)note.ptr, note.len}, ret_note);
}

cx_err keys_checkpoint_key(struct keys_client *client, struct cx_id tenant_id, struct arena *arena,
                           struct cx_str *ret_vkey)
{
    CX_TRY(client->control.fail);
    struct note_key key;
    CX_TRY(log_verifier(client, tenant_id, &key));
    CX_CLEANUP(cx_buf_clear) struct cx_buf vkey = CX_BUF_INIT(NOTE_VKEY_MAX);
    CX_TRY(note_key_write(&key, &vkey));
    return arena_copy_str(arena, (struct cx_str){(const char *)vkey.ptr, vkey.len}, ret_vkey);
}
