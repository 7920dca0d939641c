/*
 * The database. One SQL text serves SQLite and PostgreSQL: $1 … $n placeholders, BIGINT, TEXT,
 * BYTEA.
 *
 * Work is given as a closure to store_read or store_write:
 *   - store_read runs it on a read connection in one consistent snapshot.
 *   - store_write runs it in a transaction. On SQLite one writer thread runs queued closures, each
 * in a savepoint of a shared transaction, and commits them together (group commit): store_write
 * returns only after that commit is durable. On PostgreSQL each closure is its own SERIALIZABLE
 * transaction, repeated on SQLSTATE 40001/40P01. A closure may therefore run MORE THAN ONCE: it
 * starts by resetting its outputs, and does nothing that cannot be repeated (no signing, no
 * sending, no sleeping). It must not call store_read/store_write. A closure that returns an error
 * is rolled back completely; the error is returned to the caller. A statement that fails (a unique
 * value taken, too) ends its transaction on both engines: later calls return the same error. To
 * insert what may be there already, write ON CONFLICT DO NOTHING. Reads see one snapshot of
 * committed data (PostgreSQL: REPEATABLE READ), never a replica.
 *
 * Only core/audit calls store_write for a change (audit_commit), so that no change lacks its entry;
 * tools/check-writes holds the list of other callers, each with a reason.
 *
 * Threads: struct store is shared by all threads; struct store_tx and struct store_stmt belong to
 * the closure they were made in. Errors: CX_E_CONFLICT (unique or foreign key, CAS is the caller's
 * business), CX_E_BUSY (retries used up, pool empty), CX_E_STORE (database lost, disk full; detail
 * in diag), CX_E_NOMEM.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/id.h"
#include "base/sealed.h"

struct store;
struct store_tx;
struct store_stmt;

enum store_engine { STORE_SQLITE, STORE_POSTGRES };

struct store_options {
    struct cx_str url;    /* "sqlite:/path/file.db" or "postgresql://…" (libpq URI) */
    unsigned read_count;  /* read connections; 0 = default (4) */
    unsigned write_count; /* PostgreSQL write connections; 0 = default (8) */
};

/* Opens without migrating. CX_E_CONFLICT with a diagnostic when the schema is newer than this
 * program, or older (run store_migrate first). */
cx_err store_open(const struct store_options *options, struct cx_diag *diag,
                  struct store **ret_store);
void store_close(struct store *store); /* finishes queued writes; NULL-safe */
enum store_engine store_engine_of(const struct store *store);
/* Do writing transactions run one after the other, over all processes (SQLite)? Then a row that all of them
 * change costs nothing; elsewhere (PostgreSQL) it makes each of them repeat. */
bool store_tx_is_alone(const struct store_tx *tx);

/* What the layer above keeps beside a transaction (core/change: the entry that its versions are tied to). Borrowed; NULL in
 * the beginning. */
void store_tx_attach(struct store_tx *tx, void *what);
void *store_tx_attached(const struct store_tx *tx);

/* Brings the schema forward to this program's version, one transaction a migration. Creates an
 * empty SQLite file. Refuses (CX_E_CONFLICT) a schema newer than this program. Several nodes may
 * call it at once. */
cx_err store_migrate(const struct store_options *options, struct cx_diag *diag);

typedef cx_err (*store_fn)(struct store_tx *tx, void *arg);
cx_err store_read(struct store *store, store_fn fn, void *arg);
cx_err store_write(struct store *store, store_fn fn, void *arg);

/* What the database said at its last CX_E_STORE, also when that was at the commit, after the
 * closure;
 * "" when it never failed. For logs and the doctor, never for clients. */
enum { STORE_FAILURE_MAX = 384 };
void store_failure(struct store *store, char ret_text[static STORE_FAILURE_MAX]);

/* What the database said about the last failure inside this transaction; "" when nothing. */
const char *store_tx_error(const struct store_tx *tx);

/*
 * Statements. sql must be a string literal or live as long as the store: prepared statements are
 * cached by its address and text. Every parameter is bound before the first step. Usage:
 *
 *   struct store_stmt *q = NULL;
 *   CX_TRY(store_prepare(tx, "SELECT state FROM request WHERE tenant_id = $1 AND request_id = $2",
 * &q)); store_bind_id(q, 1, tenant); store_bind_id(q, 2, id); bool row = false;
 *   CX_TRY(store_step(q, &row));
 *
 * A bind that fails (memory, wrong index) is remembered and returned by the next store_step.
 * Statements are released when the closure ends or by the next store_prepare of the same text.
 */
cx_err store_prepare(struct store_tx *tx, const char *sql, struct store_stmt **ret_stmt);
void store_bind_int(struct store_stmt *stmt, int index, int64_t value);
void store_bind_text(struct store_stmt *stmt, int index, struct cx_str text);
void store_bind_bytes(struct store_stmt *stmt, int index, struct cx_bytes bytes);
void store_bind_id(struct store_stmt *stmt, int index, struct cx_id id);
void store_bind_sealed(struct store_stmt *stmt, int index, struct cx_sealed sealed);
void store_bind_null(struct store_stmt *stmt, int index);

/* Advances: *ret_row true when a row is there. */
cx_err store_step(struct store_stmt *stmt, bool *ret_row);
/* Runs a statement that yields no row. */
cx_err store_exec(struct store_stmt *stmt);
/* Rows changed by the last INSERT/UPDATE/DELETE: 0 tells a compare-and-set that it lost. */
int64_t store_changes(const struct store_stmt *stmt);

/* Columns count from 0. Views are valid until the next step; copy with arena_copy to keep them.
 * A NULL column reads as 0, empty text or empty bytes: ask store_col_is_null where it matters. */
bool store_col_is_null(const struct store_stmt *stmt, int column);
int64_t store_col_int(const struct store_stmt *stmt, int column);
struct cx_str store_col_text(const struct store_stmt *stmt, int column);
struct cx_bytes store_col_bytes(const struct store_stmt *stmt, int column);
struct cx_id store_col_id(const struct store_stmt *stmt,
                          int column); /* zero id when not 16 bytes */
struct cx_sealed store_col_sealed(const struct store_stmt *stmt, int column);
