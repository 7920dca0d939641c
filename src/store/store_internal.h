/*
 * Inside src/store only: what an engine is, and what the engine-neutral part keeps.
 *
 *   store.c     public calls, closures, statement cache; the same for both engines
 *   writer.c    SQLite's writer thread (group commit)
 *   pool.c      connections that threads borrow
 *   sqlite.c, postgres.c, postgres_value.c   the engines
 *   migrate.c   schema versions
 *   fault.h     injected failures (meson option "faults")
 *
 * An engine reports failures as a category and leaves a sentence in conn->error.
 */
#pragma once
#include "base/map.h"
#include "store/store.h"

#include <pthread.h>

enum {
    STORE_ERROR_MAX = STORE_FAILURE_MAX,
    STORE_PARAM_MAX = 128,      /* parameters of one statement */
    STORE_STATEMENT_MAX = 1024, /* cached statements of one connection */
    STORE_WAIT_S = 10,          /* for a free connection or a lock, then CX_E_BUSY */
    STORE_MIGRATE_WAIT_S = 300, /* for another starter that brings the schema forward */
    STORE_CONNECTION_MAX = 256
};

enum store_mode { STORE_MODE_READ, STORE_MODE_WRITE, STORE_MODE_MIGRATE };

enum store_value_kind { STORE_VALUE_NULL, STORE_VALUE_INT, STORE_VALUE_TEXT, STORE_VALUE_BYTES };

struct store_value {
    enum store_value_kind kind;
    int64_t number;
    struct cx_bytes bytes; /* text too */
};

struct store_conn {
    const struct store_ops *ops;
    struct store_conn *next_free;
    struct cx_map statements; /* address of the SQL text → struct store_stmt */
    bool want_retry;          /* the last failure was a serialization failure */
    char error[STORE_ERROR_MAX];
};

struct store_tx {
    struct store_conn *conn;
    struct store_stmt *used; /* statements of this transaction, reset at its end */
    cx_err failed;           /* first failed statement: the transaction can only roll back */
    void *attached;          /* store_tx_attach; borrowed */
};

struct store_stmt {
    struct store_conn *conn;
    struct store_tx *tx; /* NULL when not in use */
    struct store_stmt *next_used;
    char *sql;
    cx_err bind_err;
    bool running;
    bool has_row;
};

struct store_ops {
    enum store_engine engine;
    /* writer: this connection will change data. */
    cx_err (*connect)(const struct store_options *options, enum store_mode mode,
                      struct cx_diag *diag, struct store_conn **ret_conn);
    void (*disconnect)(struct store_conn *conn); /* frees; statements are gone already */

    cx_err (*begin)(struct store_conn *conn, enum store_mode mode);
    cx_err (*commit)(struct store_conn *conn); /* on failure the transaction is over */
    void (*rollback)(struct store_conn *conn);
    cx_err (*script)(struct store_conn *conn, const char *sql); /* no parameters, no rows */

    cx_err (*stmt_new)(struct store_conn *conn, const char *sql, struct store_stmt **ret_stmt);
    void (*stmt_free)(struct store_stmt *stmt);
    void (*stmt_reset)(struct store_stmt *stmt); /* forgets rows and parameters */
    cx_err (*bind)(struct store_stmt *stmt, int index, const struct store_value *value);
    cx_err (*step)(struct store_stmt *stmt, bool *ret_row);
    int64_t (*changes)(const struct store_stmt *stmt);

    bool (*col_is_null)(const struct store_stmt *stmt, int column);
    int64_t (*col_int)(const struct store_stmt *stmt, int column);
    struct cx_bytes (*col_bytes)(const struct store_stmt *stmt, int column);
};

extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_postgres_ops;

/* The engine of a URL; CX_E_USAGE with a diagnostic when it is neither. */
cx_err store_ops_of(const struct store_options *options, struct cx_diag *diag,
                    const struct store_ops **ret_ops);

/* Common parts of a new or dying connection, called by the engines. */
void store_conn_init(struct store_conn *conn, const struct store_ops *ops);
void store_conn_forget(struct store_conn *conn); /* frees the cached statements */
__attribute__((format(printf, 2, 3))) void store_conn_error(struct store_conn *conn,
                                                            const char *format, ...);

/* Runs fn on conn inside a transaction that is open already; ends its statements. The result says
 * whether the work may be kept. */
cx_err store_run(struct store_conn *conn, store_fn fn, void *arg);

/* Connections that threads borrow. */
struct store_pool {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct store_conn *free;
    unsigned count;
};
cx_err store_pool_open(struct store_pool *pool, const struct store_ops *ops,
                       const struct store_options *options, enum store_mode mode, unsigned count,
                       struct cx_diag *diag);
void store_pool_close(struct store_pool *pool);
cx_err store_pool_take(struct store_pool *pool, struct store_conn **ret_conn);
void store_pool_give(struct store_pool *pool, struct store_conn *conn);

/* SQLite's writer thread. It owns conn from store_writer_start on. */
struct store_writer;
cx_err store_writer_start(struct store_conn *conn, struct store_writer **ret_writer);
void store_writer_stop(struct store_writer *writer); /* finishes what is queued; NULL-safe */
/* ret_error: what SQLite said, when the result is not CX_OK. */
cx_err store_writer_run(struct store_writer *writer, store_fn fn, void *arg,
                        char ret_error[static STORE_ERROR_MAX]);

/* Schema versions. Generated by tools/gen_migrations.py from db/migrations. */
struct store_migration {
    int64_t version;
    const char *name;
    const char *sha256; /* of the file, hexadecimal */
    const char *const *statements;
};
extern const struct store_migration store_migrations[];
extern const size_t store_migration_count;

/* CX_E_CONFLICT with a diagnostic unless the schema is exactly this program's. */
cx_err store_check_schema(struct store_conn *conn, struct cx_diag *diag);
