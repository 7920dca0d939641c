/*
 * The nonces a node has seen within their life, by their random octets: one open-addressing table for each minute of
 * issue, so that what is too old goes at once. A full table refuses (fails closed). Thread-safe; one a process.
 */
#pragma once
#include "base/clock.h"

enum { NONCE_SET_MINUTES = 32, NONCE_SET_MAX = 1 << 20 /* of one minute */ };

struct nonce_set;
cx_err nonce_set_new(struct nonce_set **ret_set);
void nonce_set_free(struct nonce_set *set);
/* False when it is there already, or cannot be kept. issued_us lies within the last NONCE_SET_MINUTES - 1 minutes. */
bool nonce_set_add(struct nonce_set *set, cx_time issued_us, uint64_t random);
