/* TLS Baseline Requirements rules, in the same way. */
#include "tests/unit/pki/lint/draft.h"

/* An RSA modulus without its last eight digits: prime factors of 1024 bits. */
#define MODULUS_HEAD                                                                               \
    "a0ab9d3681ba63d44c2aa3f54b2554081e8608ef580cc16499f9e396dbd2a210cc0235aad6a3df94"             \
    "be67065f8ee1dfc9cef512cc209d97bb1a5228eda3400faac610b4f88866513bb1ad8426810670d5"             \
    "203d56a23c4b1007a67c60ddb96e152afc291585f71d203c8b186ec08cc91a776950820c3430afb1"             \
    "154c02d575b848c700f3643a5197031101793952e742a8f79533da7eca41d47f6003390eeb44acd1"             \
    "8dbe43670ccaf62d6a1085e602cb52c78ec555ed9c353e51412d48404fd34fb68fe56b9429752c40"             \
    "fbe65be091f3ec65b01ff5b84883d8bd96b98ec6179467059084d939e0039465c5e5018f84f7a647"             \
    "16cedc8e38492a5120563f52"
#define MODULUS_1024                                                                               \
    "b46462d82828a4b37f588fec8833e5a7129c029821746d639bf42919f6b00f1a584a07a3147f5ff2"             \
    "3009bcef821e299e2e95246acdeb2fc163fc8d9a86ebda9ced9dd5b2d05811f3343c9779e2a4cb2f"             \
    "c305e74307b2c349c1a2e8fa2efadf1c22cff1c76e15634b3504fca9ccfc9ee6d773cfa0edfc0282"             \
    "935ef03919323081"
#define MODULUS_2047                                                                               \
    "5055ce9b40dd31ea261551faa592aa040f430477ac0660b24cfcf1cb6de9510866011ad56b51efca"             \
    "5f33832fc770efe4e77a8966104ecbdd8d291476d1a007d563085a7c4433289dd8d6c2134083386a"             \
    "901eab511e258803d33e306edcb70a957e148ac2fb8e901e458c376046648d3bb4a841061a1857d8"             \
    "8aa6016abadc24638079b21d28cb818880bc9ca973a1547bca99ed3f6520ea3fb0019c8775a25668"             \
    "c6df21b386657b16b50842f30165a963c762aaf6ce1a9f28a096a42027e9a7db47f2b5ca14ba9620"             \
    "7df32df048f9f632d80ffadc2441ec5ecb5cc7630bca3382c8426c9cf001ca32e2f280c7c27bd323"             \
    "8b676e471c249528902b1fa93ad7fb8b"

static const struct lint_case CASES[] = {
    {"br-san-types",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P1{'a.b+c@example.com'}}"}}},
    {"br-san-types",
     TLS,
     {{EXT, "2.5.29.17",
       "SEQ{P2{'www.example.com'}P6{'spiffe://example.org/x'}P6{'urn:uuid:1'}}"}}},
    {"br-serial-entropy", TLS, {{SERIAL, "`40123456789abc`", NULL}}},
    {"", TLS, {{SERIAL, "`40123456789abcde`", NULL}}},
    {"",
     TLS,
     {{NOT_BEFORE, "UTC{'250315000000Z'}", NULL}, {NOT_AFTER, "UTC{'260416235959Z'}", NULL}}},
    {"br-validity-max",
     TLS,
     {{NOT_BEFORE, "UTC{'250315000000Z'}", NULL}, {NOT_AFTER, "UTC{'260417000000Z'}", NULL}}},
    {"",
     TLS,
     {{NOT_BEFORE, "UTC{'260314235959Z'}", NULL}, {NOT_AFTER, "UTC{'270415235958Z'}", NULL}}},
    {"",
     TLS,
     {{NOT_BEFORE, "UTC{'260315000000Z'}", NULL}, {NOT_AFTER, "UTC{'260930235959Z'}", NULL}}},
    {"br-validity-max",
     TLS,
     {{NOT_BEFORE, "UTC{'260315000000Z'}", NULL}, {NOT_AFTER, "UTC{'261001000000Z'}", NULL}}},
    {"",
     TLS,
     {{NOT_BEFORE, "UTC{'270315000000Z'}", NULL}, {NOT_AFTER, "UTC{'270622235959Z'}", NULL}}},
    {"br-validity-max",
     TLS,
     {{NOT_BEFORE, "UTC{'270315000000Z'}", NULL}, {NOT_AFTER, "UTC{'270623000000Z'}", NULL}}},
    {"",
     TLS,
     {{NOT_BEFORE, "UTC{'290315000000Z'}", NULL}, {NOT_AFTER, "UTC{'290430235959Z'}", NULL}}},
    {"br-validity-max",
     TLS,
     {{NOT_BEFORE, "UTC{'290315000000Z'}", NULL}, {NOT_AFTER, "UTC{'290501000000Z'}", NULL}}},
    {"br-san-present br-cn-in-san", TLS, {{DROP, "2.5.29.17", NULL}}},
    {"br-san-internal-name", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'intranet'}}"}}},
    {"br-san-internal-name",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'host.local'}}"}}},
    {"br-san-internal-name",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'a.INTERNAL'}}"}}},
    {"br-san-internal-name", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'x.lan'}}"}}},
    {"br-san-internal-name", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'www.test'}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`0a000001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`c0a80001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`7f000001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`64400001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`a9fe0001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`ac1f0001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`c0000201`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`e0000001`}}"}}},
    {"br-san-reserved-ip", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`ffffffff`}}"}}},
    {"br-san-reserved-ip",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`fe800000000000000000000000000001`}}"}}},
    {"br-san-reserved-ip",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`20010db8000000000000000000000001`}}"}}},
    {"br-san-reserved-ip",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`fd000000000000000000000000000001`}}"}}},
    {"br-san-reserved-ip",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`20020000000000000000000000000001`}}"}}},
    {"", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`ac200001`}}"}}},
    {"", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`64800001`}}"}}},
    {"", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`08080808`}}"}}},
    {"",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`26001f00000000000000000000000001`}}"}}},
    {"",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P7{`24040001000000000000000000000001`}}"}}},
    {"rfc5280-san-dns-syntax br-san-underscore",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'a_b.example.com'}}"}}},
    {"rfc5280-san-dns-syntax br-san-wildcard-label",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'w*.example.com'}}"}}},
    {"rfc5280-san-dns-syntax br-san-wildcard-label",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'a.*.example.com'}}"}}},
    {"rfc5280-san-dns-syntax br-san-wildcard-label",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'*.*.example.com'}}"}}},
    {"br-san-wildcard-domain", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'*.com'}}"}}},
    {"br-san-r-ldh",
     TLS,
     {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'ab--cd.example.com'}}"}}},
    {"", TLS, {{EXT, "2.5.29.17", "SEQ{P2{'www.example.com'}P2{'xn--mnchen-3ya.example.com'}}"}}},
    {"br-cn-in-san", TLS, {{SUBJECT, "SEQ{SET{SEQ{2.5.4.3 UTF8{'mail.example.com'}}}}", NULL}}},
    {"",
     TLS,
     {{SUBJECT, "SEQ{SET{SEQ{2.5.4.3 UTF8{'1.1.1.1'}}}}", NULL},
      {EXT, "2.5.29.17", "SEQ{P7{`01010101`}}"}}},
    {"",
     TLS,
     {{SUBJECT, "SEQ{SET{SEQ{2.5.4.3 UTF8{'2606:4700::1111'}}}}", NULL},
      {EXT, "2.5.29.17", "SEQ{P7{`26064700000000000000000000001111`}}"}}},
    {"br-subject-attribute-repeated",
     TLS,
     {{SUBJECT,
       "SEQ{SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}}",
       NULL}}},
    {"br-subject-organizational-unit br-subject-domain-validated",
     TLS,
     {{SUBJECT, "SEQ{SET{SEQ{2.5.4.11 UTF8{'Sales'}}}SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}}",
       NULL}}},
    {"br-subject-domain-validated",
     TLS,
     {{SUBJECT, "SEQ{SET{SEQ{2.5.4.10 UTF8{'Example'}}}SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}}",
       NULL}}},
    {"",
     TLS,
     {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.2}}"},
      {SUBJECT,
       "SEQ{SET{SEQ{2.5.4.6 PRT{'IN'}}}SET{SEQ{2.5.4.8 UTF8{'Kerala'}}}SET{SEQ{2.5.4.10 "
       "UTF8{'Example'}}}SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}}",
       NULL}}},
    {"br-subject-organization-validated", TLS, {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.2}}"}}},
    {"br-subject-organization-validated",
     TLS,
     {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.2}}"},
      {SUBJECT,
       "SEQ{SET{SEQ{2.5.4.6 PRT{'IN'}}}SET{SEQ{2.5.4.10 UTF8{'Example'}}}SET{SEQ{2.5.4.3 "
       "UTF8{'www.example.com'}}}}",
       NULL}}},
    {"br-subject-metadata",
     TLS,
     {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.2}}"},
      {SUBJECT,
       "SEQ{SET{SEQ{2.5.4.6 PRT{'IN'}}}SET{SEQ{2.5.4.8 UTF8{'- '}}}SET{SEQ{2.5.4.10 "
       "UTF8{'Example'}}}SET{SEQ{2.5.4.3 UTF8{'www.example.com'}}}}",
       NULL}}},
    {"br-eku-server-auth", TLS, {{DROP, "2.5.29.37", NULL}}},
    {"br-eku-server-auth br-eku-client-auth", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.2}"}}},
    {"br-eku-prohibited", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 2.5.29.37.0}"}}},
    {"br-eku-prohibited", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.3}"}}},
    {"br-eku-prohibited", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.4}"}}},
    {"br-eku-prohibited", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.8}"}}},
    {"br-eku-prohibited", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.9}"}}},
    {"br-eku-client-auth",
     MUTUAL,
     {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2}"}}},
    {"br-eku-other", TLS, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.2.3}"}}},
    {"br-eku-not-critical", TLS, {{EXT, "2.5.29.37", "!SEQ{1.3.6.1.5.5.7.3.1}"}}},
    {"br-policies-reserved", TLS, {{DROP, "2.5.29.32", NULL}}},
    {"br-policies-reserved", TLS, {{EXT, "2.5.29.32", "SEQ{SEQ{1.2.3}}"}}},
    {"br-policies-reserved br-subject-extended-validated",
     TLS,
     {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.1}SEQ{2.23.140.1.1}}"}}},
    {"br-policies-any", TLS, {{EXT, "2.5.29.32", "SEQ{SEQ{2.23.140.1.2.1}SEQ{2.5.29.32.0}}"}}},
    {"br-policies-not-critical", TLS, {{EXT, "2.5.29.32", "!SEQ{SEQ{2.23.140.1.2.1}}"}}},
    {"br-key-algorithm",
     TLS,
     {{SPKI, "SEQ{SEQ{1.3.101.112}BITS{`00`'0123456789abcdef0123456789abcdef'}}", NULL}}},
    {"br-key-rsa-size",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_1024 "`}INT{`010001`}}}}",
       NULL}}},
    {"br-key-rsa-modulus",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6ee`}INT{`010001`}}}}",
       NULL}}},
    {"br-key-rsa-modulus",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e1`}INT{`010001`}}}}",
       NULL}}},
    {"br-key-rsa-size",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`" MODULUS_2047 "`}INT{`010001`}}}}",
       NULL}}},
    {"br-key-rsa-exponent",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`010002`}}}}",
       NULL}}},
    {"br-key-rsa-exponent br-key-rsa-exponent-range",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`01`}}}}",
       NULL}}},
    {"br-key-rsa-exponent-range",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`03`}}}}",
       NULL}}},
    {"br-key-rsa-exponent-range",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`010000000000000000000000000000000000000000000000000000000000000001`}}}}",
       NULL}}},
    {"br-key-curve",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.10045.2.1 "
       "1.3.132.0.10}BITS{`0004`'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}"
       "}",
       NULL}}},
    {"",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.10045.2.1 "
       "1.3.132.0.34}BITS{`0004`'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}"
       "}",
       NULL}}},
    {"br-signature-algorithm",
     TLS,
     {{ALGORITHM_OUTER, "SEQ{1.2.840.113549.1.1.5 NULL{}}", NULL},
      {ALGORITHM_TBS, "SEQ{1.2.840.113549.1.1.5 NULL{}}", NULL}}},
    {"br-signature-algorithm",
     TLS,
     {{ALGORITHM_OUTER, "SEQ{1.3.101.112}", NULL}, {ALGORITHM_TBS, "SEQ{1.3.101.112}", NULL}}},
    {"",
     TLS,
     {{ALGORITHM_OUTER,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.1 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.1 NULL{}}}}C2{INT{`20`}}}}",
       NULL},
      {ALGORITHM_TBS,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.1 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.1 NULL{}}}}C2{INT{`20`}}}}",
       NULL}}},
    {"",
     TLS,
     {{ALGORITHM_OUTER,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.2 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.2 NULL{}}}}C2{INT{`30`}}}}",
       NULL},
      {ALGORITHM_TBS,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.2 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.2 NULL{}}}}C2{INT{`30`}}}}",
       NULL}}},
    {"",
     TLS,
     {{ALGORITHM_OUTER,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.3 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.3 NULL{}}}}C2{INT{`40`}}}}",
       NULL},
      {ALGORITHM_TBS,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.3 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.3 NULL{}}}}C2{INT{`40`}}}}",
       NULL}}},
    {"br-signature-algorithm",
     TLS,
     {{ALGORITHM_OUTER,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.1 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.1 NULL{}}}}C2{INT{`14`}}}}",
       NULL},
      {ALGORITHM_TBS,
       "SEQ{1.2.840.113549.1.1.10 SEQ{C0{SEQ{2.16.840.1.101.3.4.2.1 "
       "NULL{}}}C1{SEQ{1.2.840.113549.1.1.8 SEQ{2.16.840.1.101.3.4.2.1 NULL{}}}}C2{INT{`14`}}}}",
       NULL}}},
    {"rfc5280-ku-critical br-ku-critical", CA, {{EXT, "2.5.29.15", "BITS{`0106`}"}}},
    {"br-ku-ec br-ku-key-agreement", TLS, {{EXT, "2.5.29.15", "!BITS{`0308`}"}}},
    {"br-ku-key-agreement", TLS, {{EXT, "2.5.29.15", "!BITS{`0388`}"}}},
    {"br-ku-rsa",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`010001`}}}}",
       NULL},
      {EXT, "2.5.29.15", "!BITS{`06c0`}"}}},
    {"br-ku-data-encipherment",
     TLS,
     {{SPKI,
       "SEQ{SEQ{1.2.840.113549.1.1.1 NULL{}}BITS{`00`SEQ{INT{`00" MODULUS_HEAD
       "75aff6e5`}INT{`010001`}}}}",
       NULL},
      {EXT, "2.5.29.15", "!BITS{`0490`}"}}},
    {"br-bc-critical", TLS, {{EXT, "2.5.29.19", "SEQ{}"}}},
    {"br-aia-present", TLS, {{DROP, "1.3.6.1.5.5.7.1.1", NULL}}},
    {"br-aia-methods br-aia-ca-issuers",
     TLS,
     {{EXT, "1.3.6.1.5.5.7.1.1", "SEQ{SEQ{1.3.6.1.5.5.7.48.3 P6{'http://t.example.com/'}}}"}}},
    {"br-aia-http br-aia-ca-issuers",
     TLS,
     {{EXT, "1.3.6.1.5.5.7.1.1", "SEQ{SEQ{1.3.6.1.5.5.7.48.1 P6{'https://o.example.com/'}}}"}}},
    {"br-aia-http",
     CA,
     {{EXT, "1.3.6.1.5.5.7.1.1", "SEQ{SEQ{1.3.6.1.5.5.7.48.2 P6{'ldap://o.example.com/'}}}"}}},
    {"br-status-present",
     TLS,
     {{DROP, "2.5.29.31", NULL},
      {EXT, "1.3.6.1.5.5.7.1.1", "SEQ{SEQ{1.3.6.1.5.5.7.48.2 P6{'http://o.example.com/'}}}"}}},
    {"", TLS, {{DROP, "2.5.29.31", NULL}}},
    {"",
     TLS,
     {{DROP, "2.5.29.31", NULL},
      {EXT, "1.3.6.1.5.5.7.1.1", "SEQ{SEQ{1.3.6.1.5.5.7.48.2 P6{'http://o.example.com/'}}}"},
      {NOT_AFTER, "UTC{'261127235959Z'}", NULL}}},
    {"br-cdp-http", TLS, {{EXT, "2.5.29.31", "SEQ{SEQ{C0{C0{P6{'ldap://crl.example.com/x'}}}}}"}}},
    {"br-cdp-http br-cdp-single",
     TLS,
     {{EXT, "2.5.29.31",
       "SEQ{SEQ{C0{C0{P6{'http://crl.example.com/x'}}}}SEQ{C0{C0{P6{'https://crl.example.com/"
       "x'}}}}}"}}},
    {"br-cdp-full-name-only",
     TLS,
     {{EXT, "2.5.29.31", "SEQ{SEQ{C0{C0{P6{'http://crl.example.com/x'}}}P1{`0640`}}}"}}},
    {"br-cdp-full-name-only",
     TLS,
     {{EXT, "2.5.29.31", "SEQ{SEQ{C0{C1{SEQ{2.5.4.3 UTF8{'x'}}}}}}"}}},
    {"br-extension-other", TLS, {{EXT, "1.2.3.4", "NULL{}"}}},
    {"br-sub-ca-eku", CA, {{DROP, "2.5.29.37", NULL}}},
    {"br-sub-ca-eku", CA, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 2.5.29.37.0}"}}},
    {"br-sub-ca-eku", CA, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.4}"}}},
    {"", CA, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2}"}}},
    {"br-sub-ca-policies", CA, {{DROP, "2.5.29.32", NULL}}},
    {"br-sub-ca-cdp", CA, {{DROP, "2.5.29.31", NULL}}},
    {"br-ca-key-usage", CA, {{EXT, "2.5.29.15", "!BITS{`0204`}"}}},
    {"br-ca-key-usage", CA, {{EXT, "2.5.29.15", "!BITS{`0146`}"}}},
    {"", CA, {{EXT, "2.5.29.15", "!BITS{`0186`}"}}},
    {"br-ca-subject",
     CA,
     {{SUBJECT, "SEQ{SET{SEQ{2.5.4.6 PRT{'IN'}}}SET{SEQ{2.5.4.3 UTF8{'X'}}}}", NULL}}},
    {"br-root-validity", ROOT, {{NOT_AFTER, "UTC{'311121000000Z'}", NULL}}},
    {"br-root-validity", ROOT, {{NOT_AFTER, "GEN{'20561121000000Z'}", NULL}}},
    {"br-root-eku", ROOT, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.1}"}}},
    {"br-root-path-len", ROOT, {{EXT, "2.5.29.19", "!SEQ{BOOL{`ff`}INT{`02`}}"}}},
    {"br-root-policies", ROOT, {{EXT, "2.5.29.32", "SEQ{SEQ{2.5.29.32.0}}"}}},
    {"br-ocsp-nocheck br-ocsp-extensions",
     OCSP,
     {{DROP, "1.3.6.1.5.5.7.48.1.5", NULL},
      {EXT, "2.5.29.31", "SEQ{SEQ{C0{C0{P6{'http://crl.example.com/x'}}}}}"}}},
    {"br-ocsp-eku-only", OCSP, {{EXT, "2.5.29.37", "SEQ{1.3.6.1.5.5.7.3.9 1.3.6.1.5.5.7.3.2}"}}},
};

static void test_each_rule_finds_its_mistake_and_no_other(void **state)
{
    (void)state;
    check_cases(CASES, sizeof(CASES) / sizeof(CASES[0]));
}

static void test_the_profile_field_by_field(void **state)
{
    (void)state;
    check_cases(PROFILE_CASES, PROFILE_CASE_COUNT);
}

static void test_no_rule_is_without_a_case(void **state)
{
    (void)state;
    enum { ALL_MAX = 400 };
    static struct lint_case all[ALL_MAX];
    size_t count = sizeof(CASES) / sizeof(CASES[0]);
    assert_true(count + PROFILE_CASE_COUNT <= ALL_MAX);
    memcpy(all, CASES, sizeof(CASES));
    memcpy(all + count, PROFILE_CASES, PROFILE_CASE_COUNT * sizeof(all[0]));
    check_coverage(all, count + PROFILE_CASE_COUNT, PKI_LINT_BASELINE);
}

/* The two notices that the cases do not look at unless they list them: earned by the extension and by the attribute. */
static void test_notices_end_with_their_cause(void **state)
{
    (void)state;
    static const struct edit edits[] = {{DROP, "2.5.29.14", NULL}, {SUBJECT, "SEQ{}", NULL}};
    const struct pki_lint_context context = {.kind = PKI_KIND_SERVER_TLS, .baseline = true};
    struct draft draft;
    struct pki_certificate certificate;
    struct pki_lint_report report;
    draft_init(&draft, PKI_KIND_SERVER_TLS);
    draft_finish(&draft, &certificate);
    pki_lint(&certificate, &context, &report);
    assert_int_equal(report.notices, 2);
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
        draft_edit(&draft, &edits[i]);
    draft_finish(&draft, &certificate);
    pki_lint(&certificate, &context, &report);
    assert_int_equal(report.notices, 0);
    draft_clear(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_finds_its_mistake_and_no_other),
        cmocka_unit_test(test_the_profile_field_by_field),
        cmocka_unit_test(test_no_rule_is_without_a_case),
        cmocka_unit_test(test_notices_end_with_their_cause),
    };
    return cmocka_run_group_tests_name("pki/lint_baseline", tests, NULL, NULL);
}
