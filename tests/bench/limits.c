/*
 * What this machine can do at best, one core: the physical limits that bench prints beside its
 * figures. Prints one JSON line:
 * {"p256_sign", "p256_verify", "sha256_500", "aes256gcm_256", "fdatasync_4k"} in operations a
 * second. limits FOLDER: where the file for fdatasync is made (the folder that the database would
 * be in).
 */
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

enum { RUN_US = 1000000, BLOCK = 4096 };

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct state {
    EVP_PKEY *key;
    EVP_PKEY_CTX *signer, *verifier;
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *cipher;
    uint8_t hash[32], signature[128], buffer[BLOCK];
    size_t signature_len;
    int fd;
    off_t at;
};

static bool sign(struct state *s)
{
    s->signature_len = sizeof(s->signature);
    return EVP_PKEY_sign(s->signer, s->signature, &s->signature_len, s->hash, sizeof(s->hash)) == 1;
}

static bool verify(struct state *s)
{
    return EVP_PKEY_verify(s->verifier, s->signature, s->signature_len, s->hash, sizeof(s->hash)) ==
           1;
}

static bool digest(struct state *s)
{
    unsigned len = 0;
    return EVP_DigestInit_ex2(s->digest, NULL, NULL) == 1 &&
           EVP_DigestUpdate(s->digest, s->buffer, 500) == 1 &&
           EVP_DigestFinal_ex(s->digest, s->hash, &len) == 1;
}

static bool seal(struct state *s)
{
    int len = 0;
    uint8_t nonce[12] = {0}, tag[16], out[256];
    return EVP_EncryptInit_ex2(s->cipher, NULL, NULL, nonce, NULL) == 1 &&
           EVP_EncryptUpdate(s->cipher, out, &len, s->buffer, sizeof(out)) == 1 &&
           EVP_EncryptFinal_ex(s->cipher, out, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) == 1;
}

static bool sync_block(struct state *s)
{
    s->at += BLOCK;
    return pwrite(s->fd, s->buffer, BLOCK, s->at) == BLOCK && fdatasync(s->fd) == 0;
}

static double rate(bool (*one)(struct state *), struct state *s)
{
    int64_t start = now_us(), end = start, count = 0;
    while (end - start < RUN_US) {
        for (int i = 0; i < 16; i++, count++)
            if (!one(s))
                return -1;
        end = now_us();
    }
    return (double)count * 1e6 / (double)(end - start);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: limits FOLDER\n");
        return 64;
    }
    struct state s = {
        .key = EVP_EC_gen("P-256"), .digest = EVP_MD_CTX_new(), .cipher = EVP_CIPHER_CTX_new()};
    s.signer = EVP_PKEY_CTX_new(s.key, NULL);
    s.verifier = EVP_PKEY_CTX_new(s.key, NULL);
    uint8_t key[32] = {1};
    s.fd = open(".limits", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ready = s.fd >= 0 && unlink(".limits") == 0 && EVP_PKEY_sign_init(s.signer) == 1 &&
                 EVP_PKEY_verify_init(s.verifier) == 1 &&
                 EVP_DigestInit_ex2(s.digest, EVP_sha256(), NULL) == 1 &&
                 EVP_EncryptInit_ex2(s.cipher, EVP_aes_256_gcm(), key, s.buffer, NULL) == 1;
    if (!ready) {
        fprintf(stderr, "limits: cannot start\n");
        return 1;
    }
    double signs = rate(sign, &s), verifies = rate(verify, &s);
    printf("{\"p256_sign\": %.0f, \"p256_verify\": %.0f, \"sha256_500\": %.0f, \"aes256gcm_256\": "
           "%.0f, "
           "\"fdatasync_4k\": %.0f}\n",
           signs, verifies, rate(digest, &s), rate(seal, &s), rate(sync_block, &s));
    EVP_PKEY_CTX_free(s.signer);
    EVP_PKEY_CTX_free(s.verifier);
    EVP_PKEY_free(s.key);
    EVP_MD_CTX_free(s.digest);
    EVP_CIPHER_CTX_free(s.cipher);
    close(s.fd);
    return 0;
}
