#include "crypto/weak_key.h"
#include "base/checked.h"
#include "crypto/key_internal.h"
#include "crypto/key_list.h"
#include "crypto/key_lists.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

enum {
    SMALL_PRIME_MAX = 752, /* NIST SP 800-89 §5.3.3: no factor below 752 */
    ROCA_PRIME_MAX = 167,  /* the 38 odd primes of the published fingerprint */
    FERMAT_ROUNDS = 100,
    RSA_E_MIN = 65537,
    RSA_E_BITS_MAX = 256,
    RSA_N_LEN_MAX = 512
};

CRYPTO_DEFINE_FREE(BIGNUM, BN_free)
CRYPTO_DEFINE_FREE(BN_CTX, BN_CTX_free)

struct rsa_check {
    const BIGNUM *n;
    const char *field;
    struct cx_diag *diag;
};

static cx_err weak(const char *field, struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(POLICY), field, rule, "%s", text);
}

static bool is_prime(unsigned value)
{
    for (unsigned d = 2; d * d <= value; d++)
        if (value % d == 0)
            return false;
    return value >= 2;
}

/* Whether residue lies in the subgroup that 65537 generates modulo prime. */
static bool generated(unsigned residue, unsigned prime)
{
    unsigned power = 1;
    do {
        if (power == residue)
            return true;
        power = power * (65537u % prime) % prime;
    } while (power != 1);
    return false;
}

/* One pass over the small primes serves both tests: a zero residue is a factor; primes of the form
 * k·M + (65537^a mod M) leave their product in the generated subgroup modulo every prime that divides M. */
static cx_err check_residues(const struct rsa_check *c)
{
    bool roca = true;
    for (unsigned prime = 2; prime < SMALL_PRIME_MAX; prime++) {
        if (!is_prime(prime))
            continue;
        BN_ULONG residue = BN_mod_word(c->n, prime);
        if (residue == (BN_ULONG)-1)
            return CX_ERR(CRYPTO);
        if (residue == 0)
            return weak(c->field, c->diag, "key-rsa-small-factor",
                        "The RSA modulus has a small factor.");
        if (prime > 2 && prime <= ROCA_PRIME_MAX)
            roca = roca && generated((unsigned)residue, prime);
    }
    if (roca)
        return weak(c->field, c->diag, "key-rsa-roca",
                    "The RSA key was made by a library with the ROCA weakness (CVE-2017-15361).");
    return CX_OK;
}

/* root = floor(sqrt(n)) by Newton's method from above. */
static bool integer_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
    CX_CLEANUP(BN_free_p) BIGNUM *next = BN_new();
    if (!next || !BN_set_word(root, 0) || !BN_set_bit(root, (BN_num_bits(n) + 1) / 2))
        return false;
    for (;;) {
        if (!BN_div(next, NULL, n, root, ctx) || !BN_add(next, next, root) ||
            !BN_rshift1(next, next))
            return false;
        if (BN_cmp(next, root) >= 0)
            return true;
        if (!BN_copy(root, next))
            return false;
    }
}

/* *ret_square: whether value is a square. Residues modulo 64 and 45045 leave under 1 % to the root. */
static bool is_square(const BIGNUM *value, BN_CTX *ctx, bool *ret_square)
{
    static const unsigned moduli[] = {64, 63, 65, 11};
    if (BN_is_zero(value)) {
        *ret_square = true;
        return true;
    }
    for (size_t i = 0; i < CX_COUNT_OF(moduli); i++) {
        unsigned residue = (unsigned)BN_mod_word(value, moduli[i]);
        bool possible = false;
        for (unsigned x = 0; x < moduli[i] && !possible; x++)
            possible = x * x % moduli[i] == residue;
        if (!possible) {
            *ret_square = false;
            return true;
        }
    }
    CX_CLEANUP(BN_free_p) BIGNUM *root = BN_new();
    CX_CLEANUP(BN_free_p) BIGNUM *square = BN_new();
    if (!root || !square || !integer_root(root, value, ctx) || !BN_sqr(square, root, ctx))
        return false;
    *ret_square = BN_cmp(square, value) == 0;
    return true;
}

/* a = ceil(sqrt n), a+1, …: n = (a-b)(a+b) when a² - n is the square b². a² grows by 2a+1 a round. */
static cx_err check_close_primes(const struct rsa_check *c)
{
    CX_CLEANUP(BN_CTX_free_p) BN_CTX *ctx = BN_CTX_new();
    CX_CLEANUP(BN_free_p) BIGNUM *a = BN_new();
    CX_CLEANUP(BN_free_p) BIGNUM *rest = BN_new();
    if (!ctx || !a || !rest || !integer_root(a, c->n, ctx) || !BN_sqr(rest, a, ctx))
        return CX_ERR(CRYPTO);
    bool exact = BN_cmp(rest, c->n) == 0; /* the floor is the ceiling only for a square */
    if ((!exact && !BN_add_word(a, 1)) || !BN_sqr(rest, a, ctx) || !BN_sub(rest, rest, c->n))
        return CX_ERR(CRYPTO);
    for (int round = 0; round < FERMAT_ROUNDS; round++) {
        bool square = false;
        if (!is_square(rest, ctx, &square))
            return CX_ERR(CRYPTO);
        if (square)
            return weak(c->field, c->diag, "key-rsa-close-primes",
                        "The RSA modulus is the product of two primes that lie close together.");
        if (!BN_add(rest, rest, a) || !BN_add(rest, rest, a) || !BN_add_word(rest, 1) ||
            !BN_add_word(a, 1))
            return CX_ERR(CRYPTO);
    }
    return CX_OK;
}

static cx_err check_exponent(const BIGNUM *e, const char *field, struct cx_diag *diag)
{
    bool low = BN_num_bits(e) < 17 || (BN_num_bits(e) == 17 && BN_get_word(e) < RSA_E_MIN);
    if (!BN_is_odd(e) || low || BN_num_bits(e) > RSA_E_BITS_MAX)
        return weak(field, diag, "key-rsa-exponent",
                    "The RSA exponent is not odd, below 65537 or above 2^256.");
    return CX_OK;
}

static cx_err check_debian(const struct rsa_check *c)
{
    uint8_t modulus[RSA_N_LEN_MAX];
    if (BN_num_bytes(c->n) > RSA_N_LEN_MAX)
        return CX_ERR(CRYPTO);
    int len = BN_bn2bin(c->n, modulus);
    if (crypto_debian_key(CX_BYTES(modulus, (size_t)len)))
        return weak(c->field, c->diag, "key-debian",
                    "The RSA key is one of the few that Debian's OpenSSL of 2006 to 2008 made "
                    "(CVE-2008-0166).");
    return CX_OK;
}

static cx_err check_rsa(const struct crypto_key *key, const char *field, struct cx_diag *diag)
{
    BIGNUM *got_n = NULL;
    BIGNUM *got_e = NULL;
    bool ok = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &got_n) == 1 &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &got_e) == 1;
    CX_CLEANUP(BN_free_p) BIGNUM *n = got_n;
    CX_CLEANUP(BN_free_p) BIGNUM *e = got_e;
    if (!ok)
        return CX_ERR(CRYPTO);
    const struct rsa_check check = {n, field, diag};
    CX_TRY(check_exponent(e, field, diag));
    CX_TRY(check_debian(&check));
    CX_TRY(check_residues(&check));
    return check_close_primes(&check);
}

static cx_err check_lists(struct cx_bytes spki, struct crypto_key_lists *lists, const char *field,
                          struct cx_diag *diag)
{
    bool listed = crypto_key_list_has(crypto_key_list_builtin(), spki);
    if (!listed && lists)
        CX_TRY(crypto_key_lists_has(lists, spki, diag, &listed));
    return listed ? weak(field, diag, "key-compromised",
                         "The public key is on a list of compromised keys.")
                  : CX_OK;
}

cx_err crypto_key_strong(struct cx_bytes spki, struct crypto_key_lists *lists, const char *field,
                         struct cx_diag *diag)
{
    enum crypto_key_type type = CRYPTO_KEY_COUNT;
    CRYPTO_QUEUE_GUARD();
    if (cx_failed(crypto_spki_type(spki, &type)))
        return weak(field, diag, "key-unsupported",
                    "The public key is of a kind or size that is not supported.");
    CX_TRY(check_lists(spki, lists, field, diag));
    if (type == CRYPTO_KEY_P256) {
        if (cx_failed(crypto_p256_point_ok(spki.ptr + spki.len - CRYPTO_P256_POINT_LEN)))
            return weak(field, diag, "key-point", "The public point is not on the curve.");
        return CX_OK;
    }
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    if (cx_failed(crypto_key_from_spki(spki, &key)))
        return weak(field, diag, "key-point",
                    "The public key is not valid, or not in its canonical encoding.");
    if (type >= CRYPTO_KEY_RSA2048 && type <= CRYPTO_KEY_RSA4096)
        return check_rsa(key, field, diag);
    return CX_OK;
}
