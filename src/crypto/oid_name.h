/*
 * What people call an object identifier, from OpenSSL's table. For display only: nothing is decided by a name.
 */
#pragma once

/* "X509v3 Basic Constraints" for "2.5.29.19"; NULL when the identifier has no name there. Static storage. */
const char *crypto_oid_name(const char *dotted);
