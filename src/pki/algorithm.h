/* Signature algorithms as AlgorithmIdentifier DER (RFC 5758, RFC 4055, RFC 8410). */
#pragma once
#include "crypto/key.h"
#include "pki/profile.h"

/* The AlgorithmIdentifier that an issuer with this key writes. Static. */
struct cx_bytes pki_algorithm_of(enum pki_key_type issuer_key);
/* CX_E_POLICY for an algorithm that is not verified here (SHA-1, RSA-PSS, unknown). */
cx_err pki_algorithm_parse(struct cx_bytes identifier, enum crypto_signature *ret_algorithm);
/* The kind of key in a SubjectPublicKeyInfo; CX_E_POLICY for one that is not supported. */
cx_err pki_spki_key_type(struct cx_bytes spki, enum pki_key_type *ret_type);
