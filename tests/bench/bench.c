#include "tests/bench/bench.h"
#include "base/clock.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { RUN_US = 1000000, BLOCK = 4096, FILE_BLOCKS = 1024 };

void bench_line(const char *name, double value, const char *unit, double limit,
                const char *conditions)
{
    printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"%s\",\"limit\":%.0f,\"ratio\":%.3f,"
           "\"conditions\":\"%s\"}\n",
           name, value, unit, limit, limit > 0 ? value / limit : 0, conditions);
    fflush(stdout);
}

static int64_t cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

double bench_cpu_rate(void (*work)(void *arg), void *arg)
{
    int64_t start_us = cpu_us(), end_us = start_us;
    uint64_t runs = 0;
    for (; end_us - start_us < RUN_US; end_us = cpu_us())
        for (int i = 0; i < 256; i++, runs++)
            work(arg);
    return (double)runs * 1e6 / (double)(end_us - start_us);
}

double bench_rate(void (*work)(void *arg), void *arg)
{
    for (int i = 0; i < 3; i++)
        work(arg); /* warm */
    int64_t start_us = cx_monotonic_us(), end_us = start_us;
    uint64_t runs = 0;
    while (end_us - start_us < RUN_US) {
        work(arg);
        runs++;
        if (runs % 16 == 0 || end_us == start_us)
            end_us = cx_monotonic_us();
    }
    end_us = cx_monotonic_us();
    return (double)runs * 1e6 / (double)(end_us - start_us);
}

struct sync_file {
    int fd;
    unsigned at;
    uint8_t block[BLOCK];
};

static void sync_block(void *arg)
{
    struct sync_file *file = arg;
    off_t offset = (off_t)(file->at++ % FILE_BLOCKS) * BLOCK;
    if (pwrite(file->fd, file->block, BLOCK, offset) != BLOCK || fdatasync(file->fd) != 0)
        abort();
}

double bench_limit_fdatasync(const char *folder)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/fdatasync", folder);
    struct sync_file file = {.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (file.fd < 0)
        abort();
    for (int i = 0; i < FILE_BLOCKS;
         i++) /* written, not only reserved: no metadata changes later */
        if (pwrite(file.fd, file.block, BLOCK, (off_t)i * BLOCK) != BLOCK)
            abort();
    fsync(file.fd);
    double rate = bench_rate(sync_block, &file);
    close(file.fd);
    unlink(path);
    return rate;
}

struct crypto_run {
    EVP_MD_CTX *md;
    EVP_MD *sha256;
    EVP_CIPHER_CTX *gcm;
    uint8_t *buffer;
    size_t len;
};

static void hash_once(void *arg)
{
    struct crypto_run *run = arg;
    uint8_t digest[32];
    if (EVP_DigestInit_ex2(run->md, run->sha256, NULL) != 1 ||
        EVP_DigestUpdate(run->md, run->buffer, run->len) != 1 ||
        EVP_DigestFinal_ex(run->md, digest, NULL) != 1)
        abort();
}

double bench_limit_sha256(size_t len)
{
    struct crypto_run run = {.md = EVP_MD_CTX_new(),
                             .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
                             .buffer = calloc(1, len + 1),
                             .len = len};
    double rate = bench_cpu_rate(hash_once, &run);
    EVP_MD_CTX_free(run.md);
    EVP_MD_free(run.sha256);
    free(run.buffer);
    return rate;
}

static void seal_once(void *arg)
{
    struct crypto_run *run = arg;
    uint8_t nonce[12] = {0}, tag[16];
    int len = 0;
    if (EVP_EncryptInit_ex(run->gcm, NULL, NULL, NULL, nonce) != 1 ||
        EVP_EncryptUpdate(run->gcm, run->buffer, &len, run->buffer, (int)run->len) != 1 ||
        EVP_EncryptFinal_ex(run->gcm, run->buffer + len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(run->gcm, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) != 1)
        abort();
}

double bench_limit_gcm(size_t len)
{
    uint8_t key[32] = {1};
    struct crypto_run run = {
        .gcm = EVP_CIPHER_CTX_new(), .buffer = calloc(1, len + 16), .len = len};
    if (EVP_EncryptInit_ex(run.gcm, EVP_aes_256_gcm(), NULL, key, NULL) != 1)
        abort();
    double rate = bench_cpu_rate(seal_once, &run);
    EVP_CIPHER_CTX_free(run.gcm);
    free(run.buffer);
    return rate;
}
