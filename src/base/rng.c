#include "base/rng.h"

#include <errno.h>
#include <sys/random.h>

static cx_err system_fill(struct cx_rng *rng, uint8_t *ret_bytes, size_t len)
{
    (void)rng;
    while (len > 0) {
        ssize_t got = getrandom(ret_bytes, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return CX_ERR(CRYPTO);
        ret_bytes += got;
        len -= (size_t)got;
    }
    return CX_OK;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static cx_err seeded_fill(struct cx_rng *rng, uint8_t *ret_bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        rng->state += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = rng->state;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        ret_bytes[i] = (uint8_t)(z >> 56);
    }
    return CX_OK;
}

void cx_rng_system(struct cx_rng *rng)
{
    *rng = (struct cx_rng){system_fill, 0};
}

void cx_rng_seeded(struct cx_rng *rng, uint64_t seed)
{
    *rng = (struct cx_rng){seeded_fill, seed};
}

cx_err cx_rng_fill(struct cx_rng *rng, uint8_t *ret_bytes, size_t len)
{
    return rng->fill(rng, ret_bytes, len);
}
