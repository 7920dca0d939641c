#include "fermat.h"

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { DIGIT = 28, DIGITS_MAX = 74, BLOCK = 4, ROUND = 2 * BLOCK };
#define MASK ((1u << DIGIT) - 1)
#define WIDE __attribute__((target("avx2")))

typedef __m256i vec;

struct modulus {
    vec n[DIGITS_MAX + ROUND]; /* zeros above */
    vec inverse;               /* -1/n modulo 2^28 */
    int digits;
};

WIDE static inline vec row(vec sum, const vec m[BLOCK], vec p0, vec p1, vec p2, vec p3)
{
    vec low = _mm256_add_epi64(_mm256_mul_epu32(m[0], p0), _mm256_mul_epu32(m[1], p1));
    vec high = _mm256_add_epi64(_mm256_mul_epu32(m[2], p2), _mm256_mul_epu32(m[3], p3));
    return _mm256_add_epi64(sum, _mm256_add_epi64(low, high));
}

/* t[j] += sum over r of m[r] * v[j-r]: four rows of the product at once, so that a value loaded serves four times. After
 * the len digits of v there are ROUND zeros, and as many places more in t. */
WIDE static inline void add_rows(vec *restrict t, const vec *m, const vec *restrict v, int len)
{
    const vec factor[BLOCK] = {m[0], m[1], m[2], m[3]};
    vec p1 = _mm256_setzero_si256();
    vec p2 = p1;
    vec p3 = p1;
    for (int j = 0; j < len + BLOCK - 1; j += BLOCK) {
        const vec q0 = v[j];
        const vec q1 = v[j + 1];
        const vec q2 = v[j + 2];
        const vec q3 = v[j + 3];
        t[j] = row(t[j], factor, q0, p1, p2, p3);
        t[j + 1] = row(t[j + 1], factor, q1, q0, p1, p2);
        t[j + 2] = row(t[j + 2], factor, q2, q1, q0, p1);
        t[j + 3] = row(t[j + 3], factor, q3, q2, q1, q0);
        p1 = q3;
        p2 = q2;
        p3 = q1;
    }
}

/* t = a². Above the diagonal every product counts twice, so there the other factor is doubled. */
WIDE static void square(vec *t, const vec *a, int digits)
{
    vec twice[DIGITS_MAX + ROUND];
    memset(t, 0, (size_t)(2 * digits + 2 * ROUND) * sizeof(*t));
    for (int i = 0; i < digits + ROUND; i++)
        twice[i] = _mm256_slli_epi64(a[i], 1); /* zeros above */
    for (int i = 0; i < digits; i += BLOCK) {
        for (int r = i; r < i + BLOCK; r++) {
            t[2 * r] = _mm256_add_epi64(t[2 * r], _mm256_mul_epu32(a[r], a[r]));
            for (int s = r + 1; s < i + BLOCK; s++)
                t[r + s] = _mm256_add_epi64(t[r + s], _mm256_mul_epu32(a[r], twice[s]));
        }
        if (i + BLOCK < digits)
            add_rows(t + 2 * i + BLOCK, a + i, twice + i + BLOCK, digits - i - BLOCK);
    }
}

/* Montgomery's reduction; digits of the result, below 1.01 n, are normal again. */
WIDE static void reduce(vec *a, vec *t, const struct modulus *mod)
{
    const vec mask = _mm256_set1_epi64x(MASK);
    for (int i = 0; i < mod->digits; i += BLOCK) {
        vec m[BLOCK] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                        _mm256_setzero_si256()};
        vec carry = _mm256_setzero_si256();
        int rows = mod->digits - i < BLOCK ? mod->digits - i : BLOCK;
        for (int r = 0; r < rows; r++) {
            vec sum = _mm256_add_epi64(t[i + r], carry);
            for (int s = 0; s < r; s++)
                sum = _mm256_add_epi64(sum, _mm256_mul_epu32(m[s], mod->n[r - s]));
            m[r] = _mm256_and_si256(_mm256_mul_epu32(sum, mod->inverse), mask);
            sum = _mm256_add_epi64(sum, _mm256_mul_epu32(m[r], mod->n[0]));
            carry = _mm256_srli_epi64(sum, DIGIT);
        }
        add_rows(t + i, m, mod->n, mod->digits);
        t[i + rows] = _mm256_add_epi64(t[i + rows], carry);
    }
    vec carry = _mm256_setzero_si256();
    for (int i = 0; i < mod->digits; i++) {
        vec sum = _mm256_add_epi64(t[mod->digits + i], carry);
        a[i] = _mm256_and_si256(sum, mask);
        carry = _mm256_srli_epi64(sum, DIGIT);
    }
}

WIDE static void double_where(vec *a, vec bit, int digits)
{
    const vec mask = _mm256_set1_epi64x(MASK);
    vec carry = _mm256_setzero_si256();
    for (int i = 0; i < digits; i++) {
        vec sum = _mm256_add_epi64(_mm256_sllv_epi64(a[i], bit), carry);
        a[i] = _mm256_and_si256(sum, mask);
        carry = _mm256_srli_epi64(sum, DIGIT);
    }
}

static uint64_t lane_of(const vec *digit, int lane)
{
    uint64_t value;
    memcpy(&value, (const uint8_t *)digit + 8 * lane, sizeof(value));
    return value;
}

static void set_lane(vec *digit, int lane, uint64_t value)
{
    memcpy((uint8_t *)digit + 8 * lane, &value, sizeof(value));
}

static void put(vec *digits, int count, int lane, const BIGNUM *number)
{
    uint8_t octets[DIGITS_MAX * DIGIT / 8 + 8] = {0};
    BN_bn2lebinpad(number, octets, DIGITS_MAX * DIGIT / 8);
    for (int i = 0; i < count; i++) {
        uint64_t window;
        memcpy(&window, octets + i * DIGIT / 8, sizeof(window));
        set_lane(&digits[i], lane, window >> (i * DIGIT % 8) & MASK);
    }
}

static void get(BIGNUM *number, const vec *digits, int count, int lane)
{
    BN_zero(number);
    for (int i = count - 1; i >= 0; i--) {
        BN_lshift(number, number, DIGIT);
        BN_add_word(number, lane_of(&digits[i], lane));
    }
}

/* -1/n modulo 2^28: each step of Newton's method doubles the number of right bits. */
static uint64_t negative_inverse(uint32_t n)
{
    uint32_t x = n;
    for (int i = 0; i < 5; i++)
        x *= 2 - n * x;
    return -x & MASK;
}

WIDE static void power(vec *a, BIGNUM *const numbers[FERMAT_LANES], const struct modulus *mod)
{
    vec t[2 * DIGITS_MAX + 2 * ROUND];
    for (int bit = BN_num_bits(numbers[0]) - 2; bit >= 0; bit--) {
        uint64_t set[FERMAT_LANES];
        for (int i = 0; i < FERMAT_LANES; i++) /* n is odd: n-1 has the same bits but the last */
            set[i] = bit > 0 && BN_is_bit_set(numbers[i], bit);
        square(t, a, mod->digits);
        reduce(a, t, mod);
        double_where(a, _mm256_loadu_si256((const vec *)set), mod->digits);
    }
}

static bool one_by_one(BIGNUM *const numbers[FERMAT_LANES], BN_CTX *ctx, BIGNUM *x,
                       bool ret_prime[FERMAT_LANES])
{
    BIGNUM *exponent = BN_CTX_get(ctx);
    BIGNUM *two = BN_CTX_get(ctx);
    if (!two || !BN_set_word(two, 2))
        return false;
    for (int i = 0; i < FERMAT_LANES; i++) {
        if (!BN_copy(exponent, numbers[i]) || !BN_sub_word(exponent, 1) ||
            !BN_mod_exp(x, two, exponent, numbers[i], ctx))
            return false;
        ret_prime[i] = BN_is_one(x);
    }
    return true;
}

static bool side_by_side(BIGNUM *const numbers[FERMAT_LANES], BN_CTX *ctx, BIGNUM *x,
                         bool ret_prime[FERMAT_LANES])
{
    struct modulus mod;
    vec a[DIGITS_MAX + ROUND];
    BIGNUM *one[FERMAT_LANES];
    memset(&mod, 0, sizeof(mod));
    memset(a, 0, sizeof(a));
    mod.digits = (BN_num_bits(numbers[0]) + 10 + DIGIT - 1) / DIGIT;
    for (int i = 0; i < FERMAT_LANES; i++) { /* a = 2 in Montgomery's form */
        one[i] = BN_CTX_get(ctx);
        if (!one[i] || !BN_set_word(x, 0) || !BN_set_bit(x, mod.digits * DIGIT) ||
            !BN_mod(one[i], x, numbers[i], ctx) || !BN_mod_lshift1(x, one[i], numbers[i], ctx))
            return false;
        put(mod.n, mod.digits, i, numbers[i]);
        put(a, mod.digits, i, x);
        set_lane(&mod.inverse, i, negative_inverse((uint32_t)lane_of(&mod.n[0], i)));
    }
    power(a, numbers, &mod);
    for (int i = 0; i < FERMAT_LANES; i++) {
        get(x, a, mod.digits, i);
        if (!BN_mod(x, x, numbers[i], ctx))
            return false;
        ret_prime[i] = BN_cmp(x, one[i]) == 0;
    }
    return true;
}

bool fermat(BIGNUM *const numbers[FERMAT_LANES], BN_CTX *ctx, bool ret_prime[FERMAT_LANES])
{
    BN_CTX_start(ctx);
    BIGNUM *x = BN_CTX_get(ctx);
    bool ok = x && (__builtin_cpu_supports("avx2") ? side_by_side(numbers, ctx, x, ret_prime)
                                                   : one_by_one(numbers, ctx, x, ret_prime));
    BN_CTX_end(ctx);
    return ok;
}
