#include "pki/oid.h"

struct cx_bytes pki_oid(enum pki_oid oid)
{
    static const struct cx_bytes octets[PKI_OID_COUNT] = {
#define PKI_OID_BYTES(name, dotted, bytes) {(const uint8_t *)(bytes), sizeof(bytes) - 1},
        PKI_OID_LIST(PKI_OID_BYTES)
#undef PKI_OID_BYTES
    };
    return octets[oid];
}

const char *pki_oid_dotted(enum pki_oid oid)
{
    static const char *const dotted[PKI_OID_COUNT] = {
#define PKI_OID_TEXT(name, text, bytes) text,
        PKI_OID_LIST(PKI_OID_TEXT)
#undef PKI_OID_TEXT
    };
    return dotted[oid];
}
