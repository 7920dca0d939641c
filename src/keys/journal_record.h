/*
 * One record of the journal: bytes <-> struct, and the hash chain over them. Pure functions.
 *
 * Frame (integers little-endian): magic u32, body length u32, sequence u64, durable u64, time i64,
 * type u32, body, hash[32] with hash = SHA-256(hash of the record before | frame without hash).
 * "durable" is the length of the file known to be on disk when the record was written: it tells a
 * torn tail (allowed after a crash) from a damaged middle (never allowed). Format:
 * docs/formats/journal.md.
 */
#pragma once
#include "base/clock.h"
#include "base/id.h"
#include "pki/profile.h"

enum {
    JOURNAL_HEADER_LEN = 36,
    JOURNAL_HASH_LEN = 32,
    JOURNAL_DER_MAX = 16 * 1024,
    JOURNAL_PROFILE_MAX = 64,
    JOURNAL_BODY_MAX = JOURNAL_DER_MAX + 1024
};

/* The numbers are the file format: append only. */
enum journal_type {
    JOURNAL_INTENDED = 1,   /* about to sign these to-be-signed bytes */
    JOURNAL_SIGNED = 2,     /* the certificate that came of it */
    JOURNAL_ABANDONED = 3,  /* the intent will never be signed */
    JOURNAL_SETTLED = 4,    /* the database has it durably */
    JOURNAL_CRL = 5,        /* a CRL number was used */
    JOURNAL_CHECKPOINT = 6, /* a log checkpoint was signed */
    JOURNAL_RESPONDER = 7,  /* an OCSP responder certificate was installed */
    JOURNAL_SIGNED_AT = 8,  /* snapshots only: where the SIGNED record of an intent lies */
    JOURNAL_TYPE_COUNT
};

struct journal_record {
    enum journal_type type;
    struct cx_id intent_id, tenant_id, issuer_id;
    struct cx_str profile;          /* name, at most JOURNAL_PROFILE_MAX */
    uint32_t version;               /* of the profile */
    struct cx_bytes serial;         /* 1 ... PKI_SERIAL_MAX */
    uint8_t hash[JOURNAL_HASH_LEN]; /* of the to-be-signed bytes; CHECKPOINT: root; RESPONDER: SPKI
                                       hash */
    struct cx_bytes der;
    uint32_t shard;  /* CRL shard; SIGNED_AT: segment */
    uint64_t number; /* CRL number; CHECKPOINT: tree size; SIGNED_AT: offset */
};

struct journal_frame {
    uint64_t sequence;
    uint64_t durable;
    cx_time at_us;
    enum journal_type type;
    struct cx_bytes body;
    uint8_t hash[JOURNAL_HASH_LEN];
    size_t len; /* of the whole frame */
};

/* Appends the body of a record: the fields its type has, in a fixed order. */
cx_err journal_body_write(const struct journal_record *record, struct cx_buf *out);
/* Views into body. CX_E_PARSE on an unknown type, a length out of bounds or trailing bytes. */
cx_err journal_body_parse(enum journal_type type, struct cx_bytes body,
                          struct journal_record *ret_record);

/* Appends header, body and hash. frame->hash and frame->len are outputs. */
cx_err journal_frame_write(struct journal_frame *frame,
                           const uint8_t previous[static JOURNAL_HASH_LEN], struct cx_buf *out);
/* Reads the frame at the start of bytes and verifies its hash. CX_E_PARSE when it is not a whole,
 * intact frame that follows previous. */
cx_err journal_frame_parse(struct cx_bytes bytes, const uint8_t previous[static JOURNAL_HASH_LEN],
                           struct journal_frame *ret_frame);

/* Little-endian integers, shared with the snapshot. */
void journal_put_u32(uint8_t *at, uint32_t value);
void journal_put_u64(uint8_t *at, uint64_t value);
uint32_t journal_get_u32(const uint8_t *at);
uint64_t journal_get_u64(const uint8_t *at);
