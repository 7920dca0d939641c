/*
 * Fermat's test to base 2 for four odd numbers of one size side by side, with AVX2 where there is AVX2, since nearly all the time of
 * this program goes here. The vectors hold digits of 28 bits, one number a lane.
 */
#pragma once
#include <openssl/bn.h>
#include <stdbool.h>

enum { FERMAT_LANES = 4 };

/* ret_prime[i]: whether 2^(n-1) = 1 modulo n = numbers[i]. All have the same bit length, at most 2048. */
bool fermat(BIGNUM *const numbers[FERMAT_LANES], BN_CTX *ctx, bool ret_prime[FERMAT_LANES]);
