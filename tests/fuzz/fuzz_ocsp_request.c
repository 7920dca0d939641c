/* OCSP requests: what is accepted can be answered. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "pki/ocsp.h"

static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
                               0x00, 1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                               11,   12,   13,   14,   15,   16,   17,   18,   19,   20,   21,
                               22,   23,   24,   25,   26,   27,   28,   29,   30,   31,   32};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_ocsp_request request;
    struct pki_ocsp_single singles[PKI_OCSP_ITEMS_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PKI_OCSP_RESPONSE_MAX);
    bool known = true;
    if (cx_failed(pki_ocsp_request_parse(CX_BYTES(data, size), NULL, &request)))
        return 0;
    FUZZ_REQUIRE(request.item_count >= 1 && request.item_count <= PKI_OCSP_ITEMS_MAX);
    FUZZ_REQUIRE(request.nonce.len <= PKI_OCSP_NONCE_MAX);
    for (size_t i = 0; i < request.item_count; i++) {
        known = known && request.items[i].hash != PKI_OCSP_HASH_OTHER;
        singles[i] =
            (struct pki_ocsp_single){.id = request.items[i], .next_update_us = CX_US_PER_S};
    }
    const struct pki_ocsp_response response = {.responder_spki = CX_BYTES(spki, sizeof(spki)),
                                               .singles = singles,
                                               .single_count = request.item_count,
                                               .nonce = request.nonce};
    FUZZ_REQUIRE(cx_is_ok(pki_ocsp_data_write(&response, &out)) == known);
    return 0;
}
