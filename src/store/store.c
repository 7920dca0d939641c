/*
 * What is the same for both engines: opening, running closures, prepared statements and their
 * cache.
 *
 * A statement that fails ends its transaction: PostgreSQL refuses everything after an error, SQLite
 * would go on. So that one behaviour serves both, the first failure is kept in tx->failed, later
 * statements return it, and the transaction rolls back even if the closure claims success.
 */
#include "base/cleanup.h"
#include "store/fault.h"
#include "store/store_internal.h"

#include <stdarg.h>

enum {
    READ_COUNT_DEFAULT = 4,
    WRITE_COUNT_DEFAULT = 8,
    RETRY_MAX = 20,      /* runs of one closure under serialization failures */
    RETRY_WAIT_US = 500, /* doubled each time, with jitter */
    RETRY_WAIT_MAX_US = 50000
};

struct store {
    const struct store_ops *ops;
    struct store_pool readers;
    struct store_pool writers;   /* PostgreSQL */
    struct store_writer *writer; /* SQLite */
    pthread_mutex_t failure_lock;
    char failure[STORE_ERROR_MAX]; /* what the engine said at its last CX_E_STORE */
};

/* A closure must not start another one: with one writer thread it would wait for itself. */
static _Thread_local bool in_closure;

cx_err store_ops_of(const struct store_options *options, struct cx_diag *diag,
                    const struct store_ops **ret_ops)
{
    if (cx_str_starts(options->url, CX_STR("sqlite:"))) {
        *ret_ops = &store_sqlite_ops;
        return CX_OK;
    }
    if (cx_str_starts(options->url, CX_STR("postgresql://")) ||
        cx_str_starts(options->url, CX_STR("postgres://"))) {
        *ret_ops = &store_postgres_ops;
        return CX_OK;
    }
    return cx_refuse(diag, CX_ERR(USAGE), "database", "database-url",
                     "The database must be sqlite:/path/file.db or a postgresql:// URL.");
}

void store_conn_init(struct store_conn *conn, const struct store_ops *ops)
{
    conn->ops = ops;
    conn->statements = CX_MAP_INIT(STORE_STATEMENT_MAX);
}

static void free_statement(void *value)
{
    struct store_stmt *stmt = value;
    char *sql = stmt->sql;
    stmt->conn->ops->stmt_free(stmt);
    free(sql);
}

void store_conn_forget(struct store_conn *conn)
{
    cx_map_clear(&conn->statements, free_statement);
}

void store_conn_error(struct store_conn *conn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(conn->error, sizeof(conn->error), format, args);
    va_end(args);
    for (char *at = conn->error; *at; at++)
        if (*at == '\n')
            *at = ' ';
}

/* ---- closures ---- */

static void release_statements(struct store_tx *tx)
{
    while (tx->used) {
        struct store_stmt *stmt = tx->used;
        tx->used = stmt->next_used;
        stmt->conn->ops->stmt_reset(stmt);
        stmt->tx = NULL;
        stmt->next_used = NULL;
        stmt->running = false;
        stmt->has_row = false;
        stmt->bind_err = CX_OK;
    }
}

cx_err store_run(struct store_conn *conn, store_fn fn, void *arg)
{
    struct store_tx tx = {.conn = conn, .failed = CX_OK};
    conn->error[0] = 0;
    conn->want_retry = false;
    in_closure = true;
    cx_err result = fn(&tx, arg);
    in_closure = false;
    release_statements(&tx);
    return cx_failed(tx.failed) ? tx.failed : result;
}

static cx_err run_transaction(struct store_conn *conn, enum store_mode mode, store_fn fn, void *arg)
{
    conn->want_retry = false;
    CX_TRY(conn->ops->begin(conn, mode));
    cx_err result = store_run(conn, fn, arg);
    if (cx_is_ok(result))
        return conn->ops->commit(conn);
    bool want_retry = conn->want_retry;
    conn->ops->rollback(conn);
    conn->want_retry = want_retry;
    return result;
}

/* Sleeps a random part of a doubling interval, so that rivals do not meet again. */
static void back_off(unsigned attempt)
{
    int64_t most = (int64_t)RETRY_WAIT_US << attempt;
    if (most > RETRY_WAIT_MAX_US)
        most = RETRY_WAIT_MAX_US;
    int64_t wait_us = most / 4 + cx_monotonic_us() * INT64_C(7919) % most;
    struct timespec wait = {.tv_nsec = (long)(wait_us * 1000)};
    nanosleep(&wait, NULL);
}

static void keep_failure(struct store *store, const char error[static STORE_ERROR_MAX])
{
    pthread_mutex_lock(&store->failure_lock);
    memcpy(store->failure, error, sizeof(store->failure));
    pthread_mutex_unlock(&store->failure_lock);
}

static cx_err run_pooled(struct store *store, struct store_pool *pool, enum store_mode mode,
                         store_fn fn, void *arg)
{
    struct store_conn *conn = NULL;
    CX_TRY(store_pool_take(pool, &conn));
    cx_err result = CX_OK;
    for (unsigned attempt = 0; attempt < RETRY_MAX; attempt++) {
        if (attempt > 0)
            back_off(attempt - 1);
        result = run_transaction(conn, mode, fn, arg);
        if (!conn->want_retry)
            break;
        result = CX_ERR(BUSY);
    }
    if (result.code == CX_E_STORE)
        keep_failure(store, conn->error);
    store_pool_give(pool, conn);
    return result;
}

cx_err store_read(struct store *store, store_fn fn, void *arg)
{
    if (in_closure)
        return CX_ERR(USAGE);
    return run_pooled(store, &store->readers, STORE_MODE_READ, fn, arg);
}

cx_err store_write(struct store *store, store_fn fn, void *arg)
{
    if (in_closure)
        return CX_ERR(USAGE);
    if (store->writer) {
        char error[STORE_ERROR_MAX] = "";
        cx_err result = store_writer_run(store->writer, fn, arg, error);
        if (result.code == CX_E_STORE)
            keep_failure(store, error);
        return result;
    }
    return run_pooled(store, &store->writers, STORE_MODE_WRITE, fn, arg);
}

void store_failure(struct store *store, char ret_text[static STORE_FAILURE_MAX])
{
    pthread_mutex_lock(&store->failure_lock);
    memcpy(ret_text, store->failure, STORE_FAILURE_MAX);
    pthread_mutex_unlock(&store->failure_lock);
}

const char *store_tx_error(const struct store_tx *tx)
{
    return tx->conn->error;
}

/* ---- opening ---- */

static cx_err open_parts(struct store *store, const struct store_options *options,
                         struct cx_diag *diag)
{
    unsigned reads = options->read_count ? options->read_count : READ_COUNT_DEFAULT;
    unsigned writes = options->write_count ? options->write_count : WRITE_COUNT_DEFAULT;
    if (reads > STORE_CONNECTION_MAX || writes > STORE_CONNECTION_MAX)
        return cx_refuse(diag, CX_ERR(USAGE), "database", "database-connections",
                         "At most %d database connections of a kind.", STORE_CONNECTION_MAX);
    bool sqlite = store->ops->engine == STORE_SQLITE;
    CX_TRY(store_pool_open(&store->readers, store->ops, options, STORE_MODE_READ, reads, diag));
    CX_TRY(store_check_schema(store->readers.free, diag));
    CX_TRY(store_pool_open(&store->writers, store->ops, options, STORE_MODE_WRITE,
                           sqlite ? 1 : writes, diag));
    if (!sqlite)
        return CX_OK;
    struct store_conn *conn = NULL;
    CX_TRY(store_pool_take(&store->writers, &conn));
    cx_err started = store_writer_start(conn, &store->writer);
    if (cx_failed(started))
        store_pool_give(&store->writers, conn);
    return started;
}

cx_err store_open(const struct store_options *options, struct cx_diag *diag,
                  struct store **ret_store)
{
    const struct store_ops *ops = NULL;
    CX_TRY(store_ops_of(options, diag, &ops));
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return CX_ERR(NOMEM);
    store->ops = ops;
    pthread_mutex_init(&store->failure_lock, NULL);
    cx_err opened = open_parts(store, options, diag);
    if (cx_failed(opened)) {
        store_close(store);
        return opened;
    }
    *ret_store = store;
    return CX_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_writer_stop(store->writer);
    store_pool_close(&store->writers);
    store_pool_close(&store->readers);
    pthread_mutex_destroy(&store->failure_lock);
    free(store);
}

enum store_engine store_engine_of(const struct store *store)
{
    return store->ops->engine;
}

bool store_tx_is_alone(const struct store_tx *tx)
{
    return tx->conn->ops->engine == STORE_SQLITE;
}

void store_tx_attach(struct store_tx *tx, void *what)
{
    tx->attached = what;
}

void *store_tx_attached(const struct store_tx *tx)
{
    return tx->attached;
}

/* ---- statements ---- */

static cx_err fail_tx(struct store_tx *tx, cx_err err)
{
    if (cx_is_ok(tx->failed))
        tx->failed = err;
    return tx->failed;
}

static cx_err new_statement(struct store_conn *conn, const char *sql, struct store_stmt **ret_stmt)
{
    CX_AUTO_FREE char *copy = strdup(sql);
    if (!copy)
        return CX_ERR(NOMEM);
    struct store_stmt *stmt = NULL;
    CX_TRY(conn->ops->stmt_new(conn, sql, &stmt));
    stmt->conn = conn;
    stmt->sql = CX_TAKE(copy);
    void *old = NULL;
    cx_err put = cx_map_put(&conn->statements, CX_BYTES(&sql, sizeof(sql)), stmt, &old);
    if (old) /* other text was at this address before */
        free_statement(old);
    if (cx_failed(put)) {
        free_statement(stmt);
        return put;
    }
    *ret_stmt = stmt;
    return CX_OK;
}

static void leave_tx(struct store_stmt *stmt)
{
    struct store_stmt **at = &stmt->tx->used;
    while (*at != stmt)
        at = &(*at)->next_used;
    *at = stmt->next_used;
    stmt->tx = NULL;
}

cx_err store_prepare(struct store_tx *tx, const char *sql, struct store_stmt **ret_stmt)
{
    if (cx_failed(tx->failed))
        return tx->failed;
    struct store_conn *conn = tx->conn;
    struct store_stmt *stmt = cx_map_get(&conn->statements, CX_BYTES(&sql, sizeof(sql)));
    if (stmt && stmt->tx)
        leave_tx(stmt);
    if (stmt && !cx_str_is(cx_str_from(stmt->sql), sql))
        stmt = NULL;
    if (stmt) {
        conn->ops->stmt_reset(stmt);
    } else {
        cx_err made = new_statement(conn, sql, &stmt);
        if (cx_failed(made))
            return fail_tx(tx, made);
    }
    stmt->running = false;
    stmt->has_row = false;
    stmt->bind_err = CX_OK;
    stmt->tx = tx;
    stmt->next_used = tx->used;
    tx->used = stmt;
    *ret_stmt = stmt;
    return CX_OK;
}

static void bind_value(struct store_stmt *stmt, int index, struct store_value value)
{
    if (cx_failed(stmt->bind_err))
        return;
    if (stmt->running || index < 1 || index > STORE_PARAM_MAX)
        stmt->bind_err = CX_ERR(USAGE);
    else
        stmt->bind_err = stmt->conn->ops->bind(stmt, index, &value);
}

void store_bind_int(struct store_stmt *stmt, int index, int64_t value)
{
    bind_value(stmt, index, (struct store_value){.kind = STORE_VALUE_INT, .number = value});
}

void store_bind_text(struct store_stmt *stmt, int index, struct cx_str text)
{
    bind_value(stmt, index,
               (struct store_value){.kind = STORE_VALUE_TEXT, .bytes = cx_str_bytes(text)});
}

void store_bind_bytes(struct store_stmt *stmt, int index, struct cx_bytes bytes)
{
    bind_value(stmt, index, (struct store_value){.kind = STORE_VALUE_BYTES, .bytes = bytes});
}

void store_bind_id(struct store_stmt *stmt, int index, struct cx_id id)
{
    store_bind_bytes(stmt, index, cx_id_bytes(&id));
}

void store_bind_sealed(struct store_stmt *stmt, int index, struct cx_sealed sealed)
{
    store_bind_bytes(stmt, index, sealed.envelope);
}

void store_bind_null(struct store_stmt *stmt, int index)
{
    bind_value(stmt, index, (struct store_value){.kind = STORE_VALUE_NULL});
}

cx_err store_step(struct store_stmt *stmt, bool *ret_row)
{
    struct store_tx *tx = stmt->tx;
    if (!tx)
        return CX_ERR(USAGE);
    if (cx_failed(tx->failed))
        return tx->failed;
    if (cx_failed(stmt->bind_err))
        return fail_tx(tx, stmt->bind_err);
    if (!stmt->running && store_fault_statement()) {
        store_conn_error(stmt->conn, "injected statement failure");
        return fail_tx(tx, CX_ERR(STORE));
    }
    stmt->running = true;
    bool row = false;
    cx_err stepped = stmt->conn->ops->step(stmt, &row);
    stmt->has_row = cx_is_ok(stepped) && row;
    if (cx_failed(stepped))
        return fail_tx(tx, stepped);
    *ret_row = row;
    return CX_OK;
}

cx_err store_exec(struct store_stmt *stmt)
{
    bool row = false;
    CX_TRY(store_step(stmt, &row));
    return row ? fail_tx(stmt->tx, CX_ERR(USAGE)) : CX_OK;
}

int64_t store_changes(const struct store_stmt *stmt)
{
    return stmt->conn->ops->changes(stmt);
}

/* ---- columns ---- */

bool store_col_is_null(const struct store_stmt *stmt, int column)
{
    return !stmt->has_row || stmt->conn->ops->col_is_null(stmt, column);
}

int64_t store_col_int(const struct store_stmt *stmt, int column)
{
    return stmt->has_row ? stmt->conn->ops->col_int(stmt, column) : 0;
}

struct cx_bytes store_col_bytes(const struct store_stmt *stmt, int column)
{
    return stmt->has_row ? stmt->conn->ops->col_bytes(stmt, column) : CX_BYTES_NONE;
}

/* The database is not trusted to hold what was written: text is checked again. */
struct cx_str store_col_text(const struct store_stmt *stmt, int column)
{
    struct cx_str text = CX_STR_NONE;
    if (cx_failed(cx_str_view(store_col_bytes(stmt, column), &text)))
        return CX_STR_NONE;
    return text;
}

struct cx_id store_col_id(const struct store_stmt *stmt, int column)
{
    struct cx_id id = {{0}};
    struct cx_bytes bytes = store_col_bytes(stmt, column);
    if (bytes.len == sizeof(id.b))
        memcpy(id.b, bytes.ptr, sizeof(id.b));
    return id;
}

struct cx_sealed store_col_sealed(const struct store_stmt *stmt, int column)
{
    return (struct cx_sealed){.envelope = store_col_bytes(stmt, column)};
}
