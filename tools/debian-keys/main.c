/*
 * debian-keys BITS FIRST LAST VARIANTS: the RSA keys that Debian's OpenSSL of 2006-2008 could make (CVE-2008-0166) as a process
 * with an id from FIRST to LAST, in the first VARIANTS of the nine surroundings of pool.h: a line each with process id,
 * variant and modulus in hexadecimal, in no certain order.
 *
 * The key of a seed is what RSA_generate_key_ex of OpenSSL 0.9.8 makes of the pool: two primes, each the first of a row of
 * candidates that passes its tests. The tests draw from the pool too, so each draw is made; but what a random base
 * says of a candidate of this size is what base 2 says, so that is asked instead (fermat.h).
 */
#include "base/number.h"
#include "fermat.h"
#include "pool.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRIMES = 2048, WORDS_MAX = 64, BITS_MIN = 2048, BITS_MAX = 4096, EXPONENT = 65537 };

/* powers[i][j] = 2^(32 i) modulo primes[j]: a number modulo all of them is a sum over its words. */
static uint32_t primes[PRIMES];
static uint32_t powers[WORDS_MAX][PRIMES];

struct lane {
    struct pool pool;
    unsigned pid;
    unsigned variant;
    bool idle;
    BIGNUM *candidate;
    BIGNUM *p; /* the first prime, once found */
    bool second;
};

struct run {
    int bits; /* of a prime */
    int rounds;
    unsigned pid; /* the next seed */
    unsigned variant;
    unsigned last_pid;
    unsigned variants;
    BN_CTX *ctx;
    struct lane lanes[FERMAT_LANES];
};

static void need(bool ok)
{
    if (!ok) {
        fputs("debian-keys: OpenSSL failed\n", stderr);
        exit(1);
    }
}

static void make_tables(void)
{
    int count = 0;
    for (uint32_t n = 2; count < PRIMES; n++) {
        bool prime = true;
        for (int i = 0; i < count && primes[i] * primes[i] <= n && prime; i++)
            prime = n % primes[i] != 0;
        if (prime)
            primes[count++] = n;
    }
    for (int j = 0; j < PRIMES; j++) {
        uint64_t power = 1;
        for (int i = 0; i < WORDS_MAX; i++, power = (power << 32) % primes[j])
            powers[i][j] = (uint32_t)(power % primes[j]);
    }
}

static void residues(const uint8_t *number, int len, uint32_t *ret_residues)
{
    static uint64_t sums[PRIMES];
    memset(sums, 0, sizeof(sums));
    for (int i = 0; i < len / 4; i++) {
        const uint8_t *at = number + len - 4 * (i + 1);
        uint32_t word =
            (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        for (int j = 0; j < PRIMES; j++)
            sums[j] += (uint64_t)word * powers[i][j];
    }
    for (int j = 0; j < PRIMES; j++)
        ret_residues[j] = (uint32_t)(sums[j] % primes[j]);
}

/* The first n >= start, two at a time, such that no odd prime of the table divides n or n-1. */
static unsigned first_step(const uint32_t *residue)
{
    unsigned delta = 0;
    for (int j = 1; j < PRIMES;) {
        if ((residue[j] + delta) % primes[j] <= 1) {
            delta += 2;
            j = 1;
        } else {
            j++;
        }
    }
    return delta;
}

/* BN_pseudo_rand_range: draws until the number is below n-1. The top two bits of n are set, so it need not be shifted. */
static void draw_base(struct lane *lane, int bits)
{
    uint8_t octets[BITS_MAX / 16];
    uint8_t limit[BITS_MAX / 16];
    need(BN_bn2binpad(lane->candidate, limit, bits / 8) > 0);
    limit[bits / 8 - 1] ^= 1;
    do
        pool_draw(&lane->pool, octets, (size_t)bits / 8);
    while (memcmp(octets, limit, (size_t)bits / 8) >= 0);
}

static void next_candidate(struct run *run, struct lane *lane)
{
    uint8_t octets[BITS_MAX / 16];
    uint32_t residue[PRIMES];
    int len = run->bits / 8;
    pool_draw(&lane->pool, octets, (size_t)len);
    octets[0] |= 0xc0;
    octets[len - 1] |= 1;
    residues(octets, len, residue);
    need(BN_bin2bn(octets, len, lane->candidate) &&
         BN_add_word(lane->candidate, first_step(residue)) &&
         BN_num_bits(lane->candidate) == run->bits);
    draw_base(lane, run->bits);
}

static void next_seed(struct run *run, struct lane *lane)
{
    if (run->pid > run->last_pid) {
        lane->idle = true; /* its last candidate keeps it company */
        return;
    }
    lane->pid = run->pid;
    lane->variant = run->variant;
    lane->second = false;
    pool_seed(&lane->pool, lane->pid, lane->variant);
    run->variant = (run->variant + 1) % run->variants;
    run->pid += run->variant == 0;
    next_candidate(run, lane);
}

static void print_key(struct run *run, struct lane *lane)
{
    BIGNUM *n = BN_new();
    need(n && BN_mul(n, lane->p, lane->candidate, run->ctx));
    char *hex = BN_bn2hex(n);
    need(hex);
    printf("%u %u %s\n", lane->pid, lane->variant, hex);
    OPENSSL_free(hex);
    BN_free(n);
}

static void found_prime(struct run *run, struct lane *lane)
{
    for (int i = 1; i < run->rounds; i++)
        draw_base(lane, run->bits);
    bool usable = BN_mod_word(lane->candidate, EXPONENT) != 1; /* gcd(p-1, e) = 1 */
    if (usable && lane->second) {
        print_key(run, lane);
        next_seed(run, lane);
        return;
    }
    if (usable) {
        need(BN_copy(lane->p, lane->candidate));
        lane->second = true;
    }
    next_candidate(run, lane);
}

static bool turn(struct run *run)
{
    BIGNUM *numbers[FERMAT_LANES];
    bool prime[FERMAT_LANES];
    bool busy = false;
    for (int i = 0; i < FERMAT_LANES; i++) {
        numbers[i] = run->lanes[i].candidate;
        busy = busy || !run->lanes[i].idle;
    }
    if (!busy)
        return false;
    need(fermat(numbers, run->ctx, prime));
    for (int i = 0; i < FERMAT_LANES; i++) {
        struct lane *lane = &run->lanes[i];
        if (lane->idle)
            continue;
        if (prime[i])
            found_prime(run, lane);
        else
            next_candidate(run, lane);
    }
    return true;
}

static bool number(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    return cx_is_ok(cx_parse_i64(cx_str_from(text), min, max, ret_value));
}

static bool parse(struct run *run, int argc, char **argv)
{
    int64_t bits, first, last, variants;
    if (argc != 5 || !number(argv[1], BITS_MIN, BITS_MAX, &bits) || bits % 128 != 0 ||
        !number(argv[2], 0, POOL_PIDS - 1, &first) ||
        !number(argv[3], first, POOL_PIDS - 1, &last) ||
        !number(argv[4], 1, POOL_VARIANTS, &variants))
        return false;
    run->bits = (int)bits / 2;
    run->rounds = run->bits >= 1300 ? 2 : 3; /* BN_prime_checks_for_size */
    run->pid = (unsigned)first;
    run->last_pid = (unsigned)last;
    run->variants = (unsigned)variants;
    return true;
}

int main(int argc, char **argv)
{
    static struct run run;
    if (!parse(&run, argc, argv)) {
        fputs("debian-keys BITS FIRST LAST VARIANTS: see main.c\n", stderr);
        return 2;
    }
    make_tables();
    need((run.ctx = BN_CTX_new()) != NULL);
    for (int i = 0; i < FERMAT_LANES; i++) {
        struct lane *lane = &run.lanes[i];
        need((lane->candidate = BN_new()) && (lane->p = BN_new()));
        need(BN_set_bit(lane->candidate, run.bits - 1) && BN_add_word(lane->candidate, 1));
        next_seed(&run, lane);
    }
    while (turn(&run))
        continue;
    return 0;
}
