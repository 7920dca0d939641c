#define OPENSSL_SUPPRESS_DEPRECATED /* one block at a time, millions of times: no provider look-ups */
#include "pool.h"

#include <openssl/sha.h>
#include <string.h>

enum { HALF = POOL_DIGEST / 2, SEED_FILE = 1024, ENTROPY_NEEDED = 32 };

struct machine {
    unsigned word;
    bool big_endian;
    unsigned stat_len; /* sizeof(struct stat) */
};

static const struct machine machines[] = {
    {8, false, 144}, /* le64 */
    {4, false, 88},  /* le32 */
    {4, true, 88},   /* be32 */
};

static void hash_number(SHA_CTX *hash, const struct pool *pool, uint64_t number, unsigned len)
{
    uint8_t octets[8];
    for (unsigned i = 0; i < len; i++)
        octets[pool->big_endian ? len - 1 - i : i] = (uint8_t)(number >> (8 * i));
    SHA1_Update(hash, octets, len);
}

static void hash_state(SHA_CTX *hash, const struct pool *pool, size_t at, size_t len, size_t end)
{
    size_t straight = at + len > end ? end - at : len;
    SHA1_Update(hash, pool->state + at, straight);
    SHA1_Update(hash, pool->state, len - straight);
}

/* RAND_add: len octets of anything. The line that hashed them is what Debian's patch took out. */
static void pool_add(struct pool *pool, size_t len)
{
    uint8_t md[POOL_DIGEST];
    size_t at = pool->at;
    uint64_t count = pool->count[1];
    memcpy(md, pool->md, sizeof(md));
    pool->at += len;
    if (pool->at >= POOL_STATE) {
        pool->at %= POOL_STATE;
        pool->filled = POOL_STATE;
    } else if (pool->at > pool->filled) {
        pool->filled = pool->at;
    }
    pool->count[1] += (len + POOL_DIGEST - 1) / POOL_DIGEST;
    while (len > 0) {
        size_t part = len < POOL_DIGEST ? len : POOL_DIGEST;
        SHA_CTX hash;
        SHA1_Init(&hash);
        SHA1_Update(&hash, md, sizeof(md));
        hash_state(&hash, pool, at, part, POOL_STATE);
        hash_number(&hash, pool, pool->count[0], pool->word);
        hash_number(&hash, pool, count++, pool->word);
        SHA1_Final(md, &hash);
        for (size_t i = 0; i < part; i++, at = (at + 1) % POOL_STATE)
            pool->state[at] ^= md[i];
        len -= part;
    }
    for (size_t i = 0; i < POOL_DIGEST; i++)
        pool->md[i] ^= md[i];
}

/* RAND_poll: 32 octets of /dev/urandom, then a long each for process id, user id and time. */
static void pool_poll(struct pool *pool)
{
    pool_add(pool, ENTROPY_NEEDED);
    for (int i = 0; i < 3; i++)
        pool_add(pool, pool->word);
    pool->polled = true;
}

static void pool_stir(struct pool *pool)
{
    for (int left = POOL_STATE; left > 0; left -= POOL_DIGEST)
        pool_add(pool, POOL_DIGEST);
    pool->stirred = true;
}

/* RAND_bytes */
static void pool_bytes(struct pool *pool, uint8_t *out, size_t len)
{
    uint8_t md[POOL_DIGEST];
    SHA_CTX hash;
    if (!pool->polled)
        pool_poll(pool);
    if (!pool->stirred)
        pool_stir(pool);
    size_t at = pool->at;
    const size_t end = pool->filled;
    const uint64_t count[2] = {pool->count[0], pool->count[1]};
    memcpy(md, pool->md, sizeof(md));
    pool->at += (len + HALF - 1) / HALF * HALF;
    if (pool->at > end)
        pool->at %= end;
    pool->count[0]++;
    for (bool first = true; len > 0; first = false) {
        size_t part = len < HALF ? len : HALF;
        SHA1_Init(&hash);
        if (first && pool->pid != 0)
            hash_number(&hash, pool, pool->pid, 4);
        SHA1_Update(&hash, md, sizeof(md));
        hash_number(&hash, pool, count[0], pool->word);
        hash_number(&hash, pool, count[1], pool->word);
        hash_state(&hash, pool, at, HALF, end);
        SHA1_Final(md, &hash);
        for (size_t i = 0; i < HALF; i++) {
            pool->state[at++] ^= md[i];
            if (at >= end)
                at = 0;
        }
        memcpy(out, md + HALF, part);
        out += part;
        len -= part;
    }
    SHA1_Init(&hash);
    hash_number(&hash, pool, count[0], pool->word);
    hash_number(&hash, pool, count[1], pool->word);
    SHA1_Update(&hash, md, sizeof(md));
    SHA1_Update(&hash, pool->md, sizeof(pool->md));
    SHA1_Final(pool->md, &hash);
}

void pool_seed(struct pool *pool, unsigned pid, unsigned variant)
{
    const struct machine *machine = &machines[variant / POOL_FILES];
    unsigned file = variant % POOL_FILES;
    *pool = (struct pool){.word = machine->word, .big_endian = machine->big_endian, .pid = pid};
    if (file != 1)
        pool_add(pool, machine->stat_len);
    if (file == 0)
        pool_add(pool, SEED_FILE);
    else
        pool_poll(pool); /* RAND_status */
}

void pool_draw(struct pool *pool, uint8_t *out, size_t len)
{
    pool_add(pool, pool->word);
    pool_bytes(pool, out, len);
}
