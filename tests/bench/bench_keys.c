/*
 * Signatures a second through the keys process's whole path (channel, checks, lint, durable journal), beside the bare
 * signature of the same to-be-signed bytes on one thread. One JSON line each: name, value, unit, limit, ratio.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "tests/unit/keys/stand.h"

#include <pthread.h>

enum { THREADS = 16, SECONDS = 3 };

struct load {
    struct stand *stand;
    int64_t end_us;
    uint64_t done;
    struct pki_template tmpl;
};

static void *issue_main(void *arg)
{
    struct load *load = arg;
    struct cx_rng rng;
    cx_rng_system(&rng);
    while (cx_monotonic_us() < load->end_us) {
        struct arena arena = ARENA_INIT(1 << 20);
        uint8_t random[16], serial[PKI_SERIAL_LEN];
        struct keys_issue request = {.tenant_id = load->stand->tenant,
                                     .issuer_id = load->stand->issuer,
                                     .tmpl = &load->tmpl};
        struct cx_bytes der;
        assert_ok(cx_rng_fill(&rng, random, sizeof(random)));
        assert_ok(cx_id_new(&rng, &request.intent_id));
        pki_serial_make(0, random, serial);
        pki_serial_stamp(serial, cx_now(&load->stand->signer.clock));
        load->tmpl.serial = CX_BYTES(serial, sizeof(serial));
        cx_err err = keys_issue(load->stand->client, &request, &arena, NULL, &der);
        if (cx_is_ok(err)) {
            load->done++;
            assert_ok(keys_settle(load->stand->client, &request.intent_id, 1));
        }
        arena_clear(&arena);
    }
    return NULL;
}

static double bare_signatures(const struct stand *stand)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
    uint64_t count = 0;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    const int64_t start = cx_monotonic_us();
    while (cx_monotonic_us() - start < CX_US_PER_S) {
        cx_buf_reset(&signature);
        assert_ok(crypto_sign(key, CRYPTO_SIGNATURE_ECDSA_SHA256, stand->issuer_der, &signature));
        count++;
    }
    cx_buf_clear(&signature);
    return (double)count * CX_US_PER_S / (double)(cx_monotonic_us() - start);
}

int main(void)
{
    static struct stand stand;
    static struct load loads[THREADS];
    pthread_t threads[THREADS];
    stand_make(&stand);
    const double limit = bare_signatures(&stand);
    const int64_t start = cx_monotonic_us();
    for (int i = 0; i < THREADS; i++) {
        loads[i] = (struct load){&stand, start + SECONDS * CX_US_PER_S, 0,
                                 stand_template(&stand, "www.example.org")};
        assert_int_equal(pthread_create(&threads[i], NULL, issue_main, &loads[i]), 0);
    }
    uint64_t done = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        done += loads[i].done;
    }
    const double rate = (double)done * CX_US_PER_S / (double)(cx_monotonic_us() - start);
    struct journal_stats stats;
    journal_get_stats(stand.signer.journal, &stats);
    printf("{\"name\":\"keys-issue\",\"value\":%.0f,\"unit\":\"certificates/"
           "s\",\"limit\":%.0f,\"ratio\":%.3f,"
           "\"conditions\":\"P-256, lint, journal fdatasync, settled, %d callers, %.1f "
           "certificates a sync; limit: bare signatures on one thread\"}\n",
           rate, limit, rate / limit, THREADS,
           (double)stats.signed_count / (double)(stats.sync_count + 1));
    stand_clear(&stand);
    return done > 0 ? 0 : 1;
}
