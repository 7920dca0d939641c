/*
 * Random but reproducible inputs of the builders in pki: everything that a profile, a template, an issuer, a CRL or an
 * OCSP response may hold, within the bounds that the checks before the builders let through, with a liking for edges.
 * The same seed gives the same inputs on every machine; keys are not part of them and come from the caller.
 */
#pragma once
#include "tests/lib/test.h"

#include "base/arena.h"
#include "pki/crl.h"
#include "pki/ocsp.h"

struct random_input {
    uint64_t state;
    struct arena *arena; /* everything made lives here */
};

uint64_t random_next(struct random_input *r);
/* from … to, both included. */
uint64_t random_between(struct random_input *r, uint64_t from, uint64_t to);
struct cx_bytes random_octets(struct random_input *r, size_t len);

void random_attributes(struct random_input *r, size_t max,
                       const struct pki_attribute **ret_attributes, size_t *ret_count);
/* Everything but subject_der, spki and key_type. */
void random_issuer(struct random_input *r, struct pki_issuer *ret_issuer);
/* A profile and a template over it, everything but spki. */
void random_template(struct random_input *r, struct pki_profile *ret_profile,
                     struct pki_template *ret_template);
/* Everything but issuer. */
void random_crl(struct random_input *r, uint32_t shard_count, struct pki_crl *ret_crl);
/* Everything but responder_spki; each question names its issuer by hashes, which have name_hash and key_hash. */
void random_ocsp(struct random_input *r, const struct pki_ocsp_issuer hashes[static 2],
                 struct pki_ocsp_response *ret_response);
