/*
 * Rows of certificates as issuance and revocation write and read them; search is core/inventory. Inside store
 * closures. Views in rows are copied into arena.
 */
#pragma once
#include "base/arena.h"
#include "core/access/access.h"
#include "pki/certificate.h"
#include "store/rows.h"

struct core;

struct certificate_row {
    struct cx_id certificate_id, issuer_id;
    struct cx_bytes serial;
    uint32_t shard;
    struct cx_str profile_name;
    uint32_t profile_version;
    enum pki_key_type key_type;
    uint8_t sha256[32], spki_sha256[32];
    cx_time not_before_us, not_after_us, issued_us;
    struct cx_id requester_id, request_id, replaces_id, replaced_by_id; /* zero: none */
    cx_time revoked_us;                                                 /* 0: not revoked */
    uint8_t revoke_reason;
    struct cx_id group_id; /* that owns it; zero: none */
};

/* Column list for certificate_row_of, with the alias c for table certificate. */
#define CERTIFICATE_COLUMNS                                                                        \
    "c.certificate_id, c.issuer_id, c.serial, c.shard, c.profile_name, c.profile_version, "        \
    "c.key_type, c.sha256, c.spki_sha256, c.not_before_us, c.not_after_us, c.issued_us, "          \
    "c.requester_id, c.request_id, c.replaces_id, c.replaced_by_id, c.revoked_us, "                \
    "c.revoke_reason, "                                                                            \
    "c.group_id"
cx_err certificate_row_of(const struct store_stmt *q, struct arena *arena,
                          struct certificate_row *ret_certificate);

cx_err certificate_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id,
                        struct arena *arena, struct certificate_row *ret_certificate);
/* By the digest of the whole certificate, and by issuer and serial number. */
cx_err certificate_find_sha256(struct store_tx *tx, struct cx_id tenant_id, struct cx_bytes sha256,
                               struct arena *arena, struct certificate_row *ret_certificate);
cx_err certificate_find_serial(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                               struct cx_bytes serial, struct arena *arena,
                               struct certificate_row *ret_certificate);
/* The dns and ip names, in order; texts has room for PKI_NAMES_MAX. *ret_others: there are e-mail or uri names too. */
cx_err certificate_names_read(struct store_tx *tx, struct cx_id tenant_id,
                              struct cx_id certificate_id, struct arena *arena,
                              struct cx_str *texts, size_t *ret_count, bool *ret_others);
/* The sealed DER (table certificate_body, column der, row certificate_id). */
cx_err certificate_body_find(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id, struct arena *arena,
                             struct cx_sealed *ret_der);
/* Of this issuer's certificates for this key that are not revoked, the one that ends last. CX_E_NOTFOUND when there is
 * none. */
cx_err certificate_find_by_key(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                               struct cx_bytes spki_sha256, struct arena *arena,
                               struct certificate_row *ret_certificate);
/* Was any certificate of this issuer for this key revoked? CX_E_NOTFOUND when none was. */
cx_err certificate_key_is_revoked(struct store_tx *tx, struct cx_id tenant_id,
                                  struct cx_id issuer_id, struct cx_bytes spki_sha256);
cx_err certificate_set_replaced(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id certificate_id, struct cx_id replaced_by_id);

/* What one name of a certificate leaves in the search tables; made outside the closure. */
struct certificate_names {
    struct row_certificate_name *names;
    size_t name_count;
    struct cx_str *zones; /* every domain above a dns name, each once */
    size_t zone_count;
};
enum { CERTIFICATE_ZONES_MAX = 2048 };
cx_err certificate_names_prepare(struct core *core, struct cx_id tenant_id,
                                 struct cx_id certificate_id, cx_time issued_us,
                                 const struct pki_name *names, size_t name_count,
                                 struct arena *arena, struct certificate_names *ret_names);
cx_err certificate_names_insert(struct store_tx *tx, const struct certificate_names *names);
/* The tags of the request become those of the certificate. */
cx_err certificate_tags_copy(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                             struct cx_id certificate_id, cx_time issued_us);
/* Where it lies; placed_us: now. */
cx_err certificate_set_group(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id, struct cx_id group_id, cx_time now_us);
cx_err certificate_set_tags(struct store_tx *tx, struct cx_id tenant_id,
                            const struct certificate_row *certificate,
                            const struct access_tag *tags, size_t count, cx_time now_us);
/* The certificate itself, opened. Not inside a closure. CX_E_NOTFOUND when there is none. */
cx_err certificate_der(struct core *core, struct cx_id tenant_id, struct cx_id certificate_id,
                       struct arena *arena, struct cx_bytes *ret_der);
