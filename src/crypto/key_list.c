#include "crypto/key_list.h"
#include "base/cleanup.h"
#include "compromised_keys.h" /* generated from data/compromised-keys.txt */
#include "crypto/hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

const char crypto_key_list_magic[CRYPTO_KEY_LIST_MAGIC_LEN] = {'C', 'X', 'K', 'E',
                                                               'Y', 'S', '1', '\n'};
#define KEY_LIST_MAX ((off_t)1 << 32)

struct crypto_key_list {
    const uint8_t *map;
    bool mapped; /* by crypto_key_list_open; otherwise part of the program */
    size_t len;
};

void crypto_key_list_free(struct crypto_key_list *list)
{
    if (!list)
        return;
    if (list->mapped)
        munmap((void *)(uintptr_t)list->map, list->len);
    free(list);
}
CX_DEFINE_CLEANUP_PTR(struct crypto_key_list, crypto_key_list_free)

static struct cx_bytes digest_at(const struct crypto_key_list *list, size_t index)
{
    return CX_BYTES(list->map + CRYPTO_KEY_LIST_MAGIC_LEN + index * CRYPTO_SHA256_LEN,
                    CRYPTO_SHA256_LEN);
}

size_t crypto_key_list_count(const struct crypto_key_list *list)
{
    return (list->len - CRYPTO_KEY_LIST_MAGIC_LEN) / CRYPTO_SHA256_LEN;
}

/* A list out of order would silently miss keys, so the order is checked once, here. */
static cx_err check_list(const struct crypto_key_list *list)
{
    if (list->len < CRYPTO_KEY_LIST_MAGIC_LEN ||
        (list->len - CRYPTO_KEY_LIST_MAGIC_LEN) % CRYPTO_SHA256_LEN != 0 ||
        !cx_bytes_eq(CX_BYTES(list->map, CRYPTO_KEY_LIST_MAGIC_LEN),
                     CX_BYTES(crypto_key_list_magic, CRYPTO_KEY_LIST_MAGIC_LEN)))
        return CX_ERR(PARSE);
    for (size_t i = 1; i < crypto_key_list_count(list); i++)
        if (cx_bytes_cmp(digest_at(list, i - 1), digest_at(list, i)) >= 0)
            return CX_ERR(PARSE);
    return CX_OK;
}

cx_err crypto_key_list_parse(struct cx_bytes file, struct crypto_key_list **ret_list)
{
    CX_CLEANUP(crypto_key_list_freep) struct crypto_key_list *list = calloc(1, sizeof(*list));
    if (!list)
        return CX_ERR(NOMEM);
    list->map = file.ptr;
    list->len = file.len;
    CX_TRY(check_list(list));
    *ret_list = CX_TAKE(list);
    return CX_OK;
}

cx_err crypto_key_list_open(const char *path, struct crypto_key_list **ret_list)
{
    CX_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return CX_ERR(IO);
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > KEY_LIST_MAX)
        return CX_ERR(PARSE);
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return CX_ERR(IO);
    cx_err err = crypto_key_list_parse(CX_BYTES(map, (size_t)info.st_size), ret_list);
    if (cx_failed(err))
        munmap(map, (size_t)info.st_size);
    else
        (*ret_list)->mapped = true;
    return err;
}

/* In order by construction: tools/gen-key-list sorts, and test_weak_key compares it with the file. */
const struct crypto_key_list *crypto_key_list_builtin(void)
{
    static const struct crypto_key_list list = {.map = compromised_keys,
                                                .len = sizeof(compromised_keys)};
    return &list;
}

bool crypto_key_list_has(const struct crypto_key_list *list, struct cx_bytes spki)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    size_t low = 0;
    size_t high = crypto_key_list_count(list);
    if (cx_failed(crypto_sha256(spki, digest)))
        return true; /* cannot say: refuse */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cx_bytes_cmp(CX_BYTES(digest, sizeof(digest)), digest_at(list, middle));
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}
