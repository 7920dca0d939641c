/* Object identifiers that the rules compare with: content octets. */
#pragma once
#include "base/bytes.h"

#define LINT_OID(octets) ((struct cx_bytes){(const uint8_t *)("" octets), sizeof(octets) - 1})

/* Extensions, 2.5.29.n */
#define LINT_OID_SKI LINT_OID("\x55\x1d\x0e")
#define LINT_OID_KEY_USAGE LINT_OID("\x55\x1d\x0f")
#define LINT_OID_SAN LINT_OID("\x55\x1d\x11")
#define LINT_OID_ISSUER_ALT_NAME LINT_OID("\x55\x1d\x12")
#define LINT_OID_BASIC_CONSTRAINTS LINT_OID("\x55\x1d\x13")
#define LINT_OID_NAME_CONSTRAINTS LINT_OID("\x55\x1d\x1e")
#define LINT_OID_CRL_POINTS LINT_OID("\x55\x1d\x1f")
#define LINT_OID_POLICIES LINT_OID("\x55\x1d\x20")
#define LINT_OID_POLICY_MAPPINGS LINT_OID("\x55\x1d\x21")
#define LINT_OID_AKI LINT_OID("\x55\x1d\x23")
#define LINT_OID_POLICY_CONSTRAINTS LINT_OID("\x55\x1d\x24")
#define LINT_OID_EXT_KEY_USAGE LINT_OID("\x55\x1d\x25")
#define LINT_OID_FRESHEST_CRL LINT_OID("\x55\x1d\x2e")
#define LINT_OID_INHIBIT_ANY LINT_OID("\x55\x1d\x36")
/* Extensions, 1.3.6.1.5.5.7.1.n and others */
#define LINT_OID_INFO_ACCESS LINT_OID("\x2b\x06\x01\x05\x05\x07\x01\x01")
#define LINT_OID_SUBJECT_INFO_ACCESS LINT_OID("\x2b\x06\x01\x05\x05\x07\x01\x0b")
#define LINT_OID_TLS_FEATURE LINT_OID("\x2b\x06\x01\x05\x05\x07\x01\x18")
#define LINT_OID_OCSP_NOCHECK LINT_OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x05")
#define LINT_OID_SCT_LIST LINT_OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02")
#define LINT_OID_CT_POISON LINT_OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03")

/* Attributes */
#define LINT_OID_COMMON_NAME LINT_OID("\x55\x04\x03")
#define LINT_OID_SURNAME LINT_OID("\x55\x04\x04")
#define LINT_OID_SERIAL_NUMBER LINT_OID("\x55\x04\x05")
#define LINT_OID_COUNTRY LINT_OID("\x55\x04\x06")
#define LINT_OID_LOCALITY LINT_OID("\x55\x04\x07")
#define LINT_OID_STATE LINT_OID("\x55\x04\x08")
#define LINT_OID_STREET_ADDRESS LINT_OID("\x55\x04\x09")
#define LINT_OID_ORGANIZATION LINT_OID("\x55\x04\x0a")
#define LINT_OID_ORGANIZATIONAL_UNIT LINT_OID("\x55\x04\x0b")
#define LINT_OID_BUSINESS_CATEGORY LINT_OID("\x55\x04\x0f")
#define LINT_OID_POSTAL_CODE LINT_OID("\x55\x04\x11")
#define LINT_OID_GIVEN_NAME LINT_OID("\x55\x04\x2a")
#define LINT_OID_DN_QUALIFIER LINT_OID("\x55\x04\x2e")
#define LINT_OID_ORGANIZATION_IDENTIFIER LINT_OID("\x55\x04\x61")
#define LINT_OID_EMAIL LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")
#define LINT_OID_DOMAIN_COMPONENT LINT_OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19")
/* EVG: 1.3.6.1.4.1.311.60.2.1.n */
#define LINT_OID_JURISDICTION_LOCALITY LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01")
#define LINT_OID_JURISDICTION_STATE LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02")
#define LINT_OID_JURISDICTION_COUNTRY LINT_OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03")

/* Extended key usages */
#define LINT_OID_ANY_EKU LINT_OID("\x55\x1d\x25\x00")
#define LINT_OID_SERVER_AUTH LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x01")
#define LINT_OID_CLIENT_AUTH LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x02")
#define LINT_OID_CODE_SIGNING LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x03")
#define LINT_OID_EMAIL_PROTECTION LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x04")
#define LINT_OID_TIME_STAMPING LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x08")
#define LINT_OID_OCSP_SIGNING LINT_OID("\x2b\x06\x01\x05\x05\x07\x03\x09")
#define LINT_OID_PRECERTIFICATE_SIGNING LINT_OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04")

/* Access methods */
#define LINT_OID_AD_OCSP LINT_OID("\x2b\x06\x01\x05\x05\x07\x30\x01")
#define LINT_OID_AD_CA_ISSUERS LINT_OID("\x2b\x06\x01\x05\x05\x07\x30\x02")

/* Policies: CA/B Forum reserved identifiers 2.23.140.1.n */
#define LINT_OID_ANY_POLICY LINT_OID("\x55\x1d\x20\x00")
#define LINT_OID_POLICY_EV LINT_OID("\x67\x81\x0c\x01\x01")
#define LINT_OID_POLICY_DV LINT_OID("\x67\x81\x0c\x01\x02\x01")
#define LINT_OID_POLICY_OV LINT_OID("\x67\x81\x0c\x01\x02\x02")
#define LINT_OID_POLICY_IV LINT_OID("\x67\x81\x0c\x01\x02\x03")
#define LINT_OID_QT_CPS LINT_OID("\x2b\x06\x01\x05\x05\x07\x02\x01")

/* Keys and curves */
#define LINT_OID_RSA LINT_OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define LINT_OID_EC LINT_OID("\x2a\x86\x48\xce\x3d\x02\x01")
#define LINT_OID_ED25519 LINT_OID("\x2b\x65\x70")
#define LINT_OID_P256 LINT_OID("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define LINT_OID_P384 LINT_OID("\x2b\x81\x04\x00\x22")
#define LINT_OID_P521 LINT_OID("\x2b\x81\x04\x00\x23")

/* Signatures */
#define LINT_OID_ECDSA_SHA256 LINT_OID("\x2a\x86\x48\xce\x3d\x04\x03\x02")
#define LINT_OID_ECDSA_SHA384 LINT_OID("\x2a\x86\x48\xce\x3d\x04\x03\x03")
#define LINT_OID_ECDSA_SHA512 LINT_OID("\x2a\x86\x48\xce\x3d\x04\x03\x04")
