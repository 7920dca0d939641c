#include "crypto/hash.h"
#include "crypto/key_list.h"

#include <string.h>

/* data/debian-keys.bin as it is: lines of text, the last of them "CXMODS1", then the digests. */
extern const uint8_t crypto_debian_file[];
extern const uint64_t crypto_debian_file_len;

enum { DIGEST_LEN = 8 };
static const char table_mark[] = "\nCXMODS1\n";

static const uint8_t *table(size_t *ret_count)
{
    const uint8_t *end = crypto_debian_file + crypto_debian_file_len;
    const uint8_t *mark =
        memmem(crypto_debian_file, crypto_debian_file_len, table_mark, sizeof(table_mark) - 1);
    const uint8_t *first = mark ? mark + sizeof(table_mark) - 1 : end;
    *ret_count = (size_t)(end - first) / DIGEST_LEN;
    return first;
}

size_t crypto_debian_key_count(void)
{
    size_t count = 0;
    table(&count);
    return count;
}

bool crypto_debian_key(struct cx_bytes modulus)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    size_t low = 0;
    size_t high = 0;
    const uint8_t *first = table(&high);
    if (cx_failed(crypto_sha256(modulus, digest)))
        return true; /* cannot say: refuse */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cx_bytes_cmp(CX_BYTES(digest, DIGEST_LEN),
                                 CX_BYTES(first + middle * DIGEST_LEN, DIGEST_LEN));
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}
