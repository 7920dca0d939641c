/*
 * The keys process's own record of what it signed: append-only, hash-chained, durable before the
 * signature. It is what a compromised or restored database cannot talk it out of.
 *
 * Directory: segments "00000001.log" ..., "snapshot" (state at some place, so that start-up reads
 * one segment only) and "durable" (how far the last segment is known to be on disk). One process at
 * a time (flock). Start-up truncates a torn tail and refuses a damaged middle. Format:
 * docs/formats/journal.md.
 *
 * Threads: every function but open and close may be called by many threads at once. Those that say
 * "durable" wait for an fdatasync that all waiters share.
 * Errors: CX_E_IO (disk; after a failed write that could not be undone or a failed sync, every
 * later call fails: restart), CX_E_NOMEM, CX_E_BUSY (too many unsettled intents, or the intent is
 * being signed).
 */
#pragma once
#include "base/diag.h"
#include "keys/journal_record.h"

struct journal;

enum {
    JOURNAL_UNSETTLED_MAX = 262144,
    JOURNAL_KEY_LEN = 32,
    JOURNAL_SERIAL_AGE_MAX_S = 60,  /* a serial number is promised within this time of being made */
    JOURNAL_CRL_STEP_MAX = 1 << 20, /* between two numbers of a shard */
    JOURNAL_TREE_START = 1 << 20,   /* entries that a log may grow by at once after start-up, */
    JOURNAL_TREE_RATE = 1 << 14,    /* more for each second since its last checkpoint, */
    JOURNAL_TREE_GROWTH_MAX = 1 << 26, /* and never by more between two checkpoints */
    JOURNAL_SEGMENT_MAX = 32 * 1024 * 1024
};

struct journal_options {
    int dir_fd; /* open directory; duplicated */
    const struct cx_clock *clock;
    struct cx_bytes mac_key; /* JOURNAL_KEY_LEN bytes: authenticates the snapshot; copied */
    uint64_t segment_max;    /* 0 = JOURNAL_SEGMENT_MAX */
};

/* CX_E_BUSY: another process has it. CX_E_PARSE: damaged; diag says which file and where. */
cx_err journal_open(const struct journal_options *options, struct cx_diag *diag,
                    struct journal **ret_journal);
/* Writes a snapshot; NULL-safe. */
void journal_close(struct journal *journal);

/*
 * Promises durably to sign record's to-be-signed bytes. *ret_der empty: go and sign, then call
 * journal_signed or journal_release. Not empty: this intent was signed before, with the same
 * content. CX_E_CONFLICT: the intent was made with other content, or the issuer's serial is taken
 * by another intent or was signed in the last JOURNAL_SERIAL_AGE_MAX_S. CX_E_POLICY: abandoned. CX_E_BUSY: another
 * thread is signing it, or ("serial-stale") the serial number was not made in the last JOURNAL_SERIAL_AGE_MAX_S and
 * since this process has the journal open: it could have been used before; make another.
 */
cx_err journal_intend(struct journal *journal, const struct journal_record *record,
                      struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_der);
/* Written before it returns, not synced: the intent already tells after a power loss. */
cx_err journal_signed(struct journal *journal, struct cx_id intent_id, struct cx_bytes der);
/* Signing failed: the intent stays and may be tried again. */
void journal_release(struct journal *journal, struct cx_id intent_id);

enum journal_state {
    JOURNAL_STATE_ABSENT,
    JOURNAL_STATE_INTENDED,
    JOURNAL_STATE_SIGNED,
    JOURNAL_STATE_ABANDONED /* journal_list only */
};
/* An abandoned or settled intent is absent. */
cx_err journal_find(struct journal *journal, struct cx_id intent_id, struct arena *arena,
                    enum journal_state *ret_state, struct cx_bytes *ret_der);
/* Drops the intents from the index. Unknown ones are ignored; so is, for now, one that is not signed while what was
 * asked of it may still be on its way (JOURNAL_SERIAL_AGE_MAX_S): it would be signed after all. */
cx_err journal_settle(struct journal *journal, const struct cx_id *intent_ids, size_t count);

struct journal_unsettled {
    struct cx_id intent_id, tenant_id,
        issuer_id; /* the last two are zero when it was abandoned unseen */
    uint8_t serial[PKI_SERIAL_MAX];
    size_t serial_len;
    enum journal_state state;
};
/* Unsettled intents with ids above after, in order; rows has room for limit. */
void journal_list(struct journal *journal, struct cx_id after, size_t limit,
                  struct journal_unsettled *rows, size_t *ret_count);
/* Durable. CX_E_CONFLICT when signed: *ret_der is the certificate then. */
cx_err journal_abandon(struct journal *journal, struct cx_id intent_id, struct arena *arena,
                       struct cx_bytes *ret_der);

/* Durable. *ret_number is number, or one above the last used for that shard when number is not
 * above it. CX_E_POLICY beyond JOURNAL_CRL_STEP_MAX above it: what is used up never comes back. */
cx_err journal_crl(struct journal *journal, struct cx_id issuer_id, uint32_t shard, uint64_t number,
                   struct cx_diag *diag, uint64_t *ret_number);
/* Durable. CX_E_POLICY for a smaller tree, another root for the same size, or a tree that grew faster than
 * JOURNAL_TREE_RATE allows: a size that was signed can never be taken back. */
cx_err journal_checkpoint(struct journal *journal, struct cx_id tenant_id, uint64_t size,
                          const uint8_t root[static JOURNAL_HASH_LEN], struct cx_diag *diag);
/* Durable. */
cx_err journal_responder(struct journal *journal, struct cx_id issuer_id,
                         const uint8_t certificate_hash[static JOURNAL_HASH_LEN]);

struct journal_stats {
    uint64_t record_count; /* ever */
    uint64_t signed_count; /* ever */
    uint64_t sync_count;   /* since open */
    uint64_t torn_len;     /* octets cut off at open */
    uint32_t unsettled_count;
};
void journal_get_stats(struct journal *journal, struct journal_stats *ret_stats);

/* Reads and verifies every segment of a journal that nobody writes to, from the first: audits and
 * tests. A torn tail ends the scan quietly; damage elsewhere is CX_E_PARSE. An error from visit
 * ends the scan. */
typedef cx_err (*journal_visit)(const struct journal_frame *frame,
                                const struct journal_record *record, void *arg);
cx_err journal_scan(int dir_fd, journal_visit visit, void *arg, struct cx_diag *diag);
