#include "base/secret.h"

#include <sys/mman.h>
#include <unistd.h>

enum { SECRET_MAX = 1 << 20 };

static size_t page_rounded(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (len + page - 1) / page * page;
}

cx_err cx_secret_new(size_t len, struct cx_secret *ret_secret)
{
    if (len == 0 || len > SECRET_MAX)
        return CX_ERR(USAGE);
    size_t size = page_rounded(len);
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ptr == MAP_FAILED)
        return CX_ERR(NOMEM);
    /* Each of the three is part of the promise: without one there is no secret memory. */
    if (mlock(ptr, size) != 0 || madvise(ptr, size, MADV_DONTDUMP) != 0 ||
        madvise(ptr, size, MADV_WIPEONFORK) != 0) {
        munmap(ptr, size);
        return CX_ERR(NOMEM);
    }
    *ret_secret = (struct cx_secret){ptr, len};
    return CX_OK;
}

cx_err cx_secret_copy(struct cx_bytes bytes, struct cx_secret *ret_secret)
{
    struct cx_secret secret = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(bytes.len, &secret));
    memcpy(secret.ptr, bytes.ptr, bytes.len);
    *ret_secret = secret;
    return CX_OK;
}

void cx_secret_clear(struct cx_secret *secret)
{
    if (secret->ptr) {
        size_t size = page_rounded(secret->len);
        cx_wipe(secret->ptr, secret->len);
        munmap(secret->ptr, size);
    }
    *secret = CX_SECRET_INIT;
}
