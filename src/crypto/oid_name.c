#include "crypto/oid_name.h"

#include <openssl/objects.h>
#include <stddef.h>

const char *crypto_oid_name(const char *dotted)
{
    int nid = OBJ_txt2nid(dotted);
    return nid == NID_undef ? NULL : OBJ_nid2ln(nid);
}
