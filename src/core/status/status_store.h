/*
 * Rows behind the status services: revocations and CRL shards. Inside store closures.
 *
 * crl_shard.dirty_count counts revocations in the shard, clean_count is its value that the published CRL covers:
 * a shard is due when they differ or its nextUpdate comes near. RFC 5280 §5.
 */
#pragma once
#include "core/issuance/certificate_store.h"
#include "keys/client.h"
#include "store/store.h"

/* CRLReason, RFC 5280 §5.3.1. certificateHold and removeFromCRL do not exist here: revocation is final. */
enum {
    STATUS_UNSPECIFIED = 0,
    STATUS_KEY_COMPROMISE = 1,
    STATUS_CA_COMPROMISE = 2,
    STATUS_AFFILIATION_CHANGED = 3,
    STATUS_SUPERSEDED = 4,
    STATUS_CESSATION_OF_OPERATION = 5,
    STATUS_PRIVILEGE_WITHDRAWN = 9,
    STATUS_AA_COMPROMISE = 10,
};

enum {
    STATUS_CRL_ENTRIES_MAX = 65536, /* of one shard */
    STATUS_KEEP_EXPIRED_S =
        14 * 86400, /* RFC 5280 §3.3: an entry appears on a CRL issued after the expiry */
};

/* The shard has one more revocation than its CRL. */
cx_err crl_shard_mark(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                      uint32_t shard);

/* Compare-and-set: CX_E_CONFLICT when it is revoked already. Marks the shard and the OCSP answer. */
cx_err certificate_revoke(struct store_tx *tx, struct cx_id tenant_id,
                          const struct certificate_row *certificate, uint8_t reason,
                          cx_time now_us);

struct crl_due {
    struct cx_id issuer_id;
    uint32_t shard;
    uint64_t number;
    int64_t dirty_count;
};
/* Shards that are dirty or whose nextUpdate is before renew_us, claimed until lease_us. due has room for limit. */
cx_err crl_shard_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                       cx_time renew_us, cx_time lease_us, size_t limit, struct crl_due *due,
                       size_t *ret_count);
/* Gives back what was claimed until lease_us: due again from retry_us on. Nothing happens when somebody else has claimed it
 * since. */
cx_err crl_shard_release(struct store_tx *tx, struct cx_id tenant_id, const struct crl_due *due,
                         cx_time lease_us, cx_time retry_us);

/* Revoked certificates of a shard that have not been expired for STATUS_KEEP_EXPIRED_S. CX_E_LIMIT beyond
 * STATUS_CRL_ENTRIES_MAX. */
cx_err crl_shard_entries(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                         uint32_t shard, cx_time now_us, struct arena *arena,
                         struct keys_revoked **ret_entries, size_t *ret_count);

struct crl_published {
    struct cx_id issuer_id;
    uint32_t shard;
    uint64_t number;
    cx_time this_update_us, next_update_us;
    struct cx_bytes crl;
};
/* CX_E_CONFLICT when a higher number is stored already. clean_count: dirty_count when the entries were read. */
cx_err crl_shard_publish(struct store_tx *tx, struct cx_id tenant_id,
                         const struct crl_published *published, int64_t clean_count);
/* Shards published after *after (by thisUpdate, issuer, shard), without their CRL: what other nodes have done. At
 * most limit, oldest first. */
cx_err crl_shard_since(struct store_tx *tx, struct cx_id tenant_id,
                       const struct crl_published *after, size_t limit, struct crl_published *rows,
                       size_t *ret_count);
/* The published CRL, copied into arena. CX_E_NOTFOUND when there is none yet. */
cx_err crl_shard_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                      uint32_t shard, struct arena *arena, struct crl_published *ret_published);

/* What OCSP needs of a serial number; found false: never issued here. */
struct status_found {
    bool found;
    cx_time revoked_us; /* 0: good */
    uint8_t reason;
};
cx_err status_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                   struct cx_bytes serial, struct status_found *ret_status);
