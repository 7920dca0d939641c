/* What the files of the journal share. */
#pragma once
#include "base/map.h"
#include "keys/journal.h"

#include <pthread.h>

enum { SEGMENT_HEADER_LEN = 56, SEGMENT_NAME_MAX = 24, JOURNAL_RETIRED_MAX = 1 << 20 };

/* An intent that core has not settled. Owned by the index. */
struct journal_intent {
    struct journal_record record; /* views point into the two arrays below */
    uint8_t serial[PKI_SERIAL_MAX];
    char profile[JOURNAL_PROFILE_MAX];
    bool is_signed, is_abandoned;
    cx_time abandoned_us; /* 0: before the journal was opened */
    bool is_busy;         /* a thread is between journal_intend and journal_signed */
    uint32_t segment;     /* of the SIGNED record */
    uint64_t offset;
};

/* A serial number whose intent is settled, kept while its stamp would pass for fresh. */
struct journal_retired {
    struct journal_retired *next;
    cx_time until_us;
    uint8_t key[16 + PKI_SERIAL_MAX]; /* issuer, serial */
    size_t key_len;
};

struct journal_number {
    uint8_t key[20]; /* issuer, shard */
    uint64_t number;
};

struct journal_tree {
    struct cx_id tenant_id;
    uint64_t size;
    uint8_t root[JOURNAL_HASH_LEN];
    uint64_t
        room; /* entries it may grow by, as of room_us; both 0 until the first in this process */
    cx_time room_us;
};

struct journal_index {
    struct cx_map intents;                   /* intent id → struct journal_intent */
    struct cx_map serials;                   /* issuer id, serial → the same */
    struct cx_map retired;                   /* issuer id, serial → struct journal_retired */
    struct journal_retired *oldest, *newest; /* of those, by until_us */
    struct cx_map numbers;                   /* issuer id, shard → struct journal_number */
    struct cx_map trees;                     /* tenant id → struct journal_tree */
    uint64_t record_count, signed_count;
};

#define JOURNAL_INDEX_INIT                                                                         \
    ((struct journal_index){.intents = CX_MAP_INIT(JOURNAL_UNSETTLED_MAX),                         \
                            .serials = CX_MAP_INIT(JOURNAL_UNSETTLED_MAX),                         \
                            .retired = CX_MAP_INIT(JOURNAL_RETIRED_MAX),                           \
                            .numbers = CX_MAP_INIT(1 << 22),                                       \
                            .trees = CX_MAP_INIT(1 << 20)})

struct journal {
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the sync thread */
    pthread_cond_t done; /* a sync ended, or the journal failed */
    pthread_t thread;
    bool has_thread;
    int dir_fd, lock_fd, durable_fd, fd;
    const struct cx_clock *clock;
    uint8_t mac_key[JOURNAL_KEY_LEN];
    uint64_t segment_max;
    cx_time opened_us;
    uint32_t segment;
    uint64_t length;   /* of the current segment */
    uint64_t durable;  /* of it, known to be on disk */
    uint64_t sequence; /* of the next record */
    uint8_t chain[JOURNAL_HASH_LEN];
    uint64_t wanted, synced; /* sequences: waited for, on disk */
    bool is_syncing, is_stopping, has_failed;
    struct journal_index index;
    struct cx_buf scratch;
    uint64_t sync_count, torn_len;
};

/* journal_index.c */
void journal_index_clear(struct journal_index *index);
/* Brings the state forward by one record that lies at (segment, offset). */
cx_err journal_index_apply(struct journal_index *index, const struct journal_record *record,
                           uint32_t segment, uint64_t offset);
struct journal_intent *journal_index_find(const struct journal_index *index,
                                          struct cx_id intent_id);
struct journal_intent *journal_index_find_serial(const struct journal_index *index,
                                                 struct cx_id issuer_id, struct cx_bytes serial);
/* The serial number of a signed intent stays taken until until_us. CX_E_BUSY when too many are. */
cx_err journal_index_retire(struct journal_index *index, const struct journal_intent *intent,
                            cx_time until_us);
bool journal_index_is_retired(const struct journal_index *index, struct cx_id issuer_id,
                              struct cx_bytes serial);
void journal_index_expire(struct journal_index *index, cx_time now_us);
void journal_index_list(const struct journal_index *index, struct cx_id after, size_t limit,
                        struct journal_unsettled *rows, size_t *ret_count);
void journal_index_drop(struct journal_index *index, struct cx_id intent_id);
/* 0 when none. */
uint64_t journal_index_number(const struct journal_index *index, struct cx_id issuer_id,
                              uint32_t shard);
struct journal_tree *journal_index_tree(const struct journal_index *index, struct cx_id tenant_id);

/* journal_file.c */
void journal_segment_name(uint32_t segment, char ret_name[static SEGMENT_NAME_MAX]);
cx_err journal_pread(int fd, uint64_t offset, uint8_t *ret_bytes, size_t len);
cx_err journal_pwrite(int fd, uint64_t offset, struct cx_bytes bytes);
/* Creates the next segment, with its directory entry durable, and makes it the current one. */
cx_err journal_segment_new(struct journal *journal);
/* Finds where the journal ends, from the snapshot on, cutting a torn tail. */
cx_err journal_replay(struct journal *journal, struct cx_diag *diag);
/* The certificate of a SIGNED record. */
cx_err journal_read_der(const struct journal *journal, uint32_t segment, uint64_t offset,
                        struct arena *arena, struct cx_bytes *ret_der);
void journal_mark_durable(struct journal *journal);

/* journal_snapshot.c */
cx_err journal_snapshot_write(struct journal *journal);
/* CX_E_NOTFOUND when there is none; CX_E_PARSE when it is damaged. Fills segment, length, sequence,
 * chain and the index. */
cx_err journal_snapshot_read(struct journal *journal);
