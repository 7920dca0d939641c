/*
 * SQLite: WAL, synchronous=FULL, foreign keys on. One connection per reader, one for the writer
 * thread; a connection is used by one thread at a time, so SQLite's own mutexes are off.
 */
#include "base/cleanup.h"
#include "store/fault.h"
#include "store/store_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>

/* The texts that every transaction runs: prepared once a connection, as parsing them costs more than running them. */
static const char *const controls[] = {"BEGIN",          "BEGIN IMMEDIATE", "COMMIT",
                                       "ROLLBACK",       "SAVEPOINT job",   "RELEASE job",
                                       "ROLLBACK TO job"};
enum { CONTROL_COUNT = sizeof(controls) / sizeof(controls[0]), PARAM_MEMORY_MAX = 64 * 1024 };

struct sqlite_conn {
    struct store_conn base;
    sqlite3 *db;
    sqlite3_stmt *controls[CONTROL_COUNT];
};

/* memory holds the parameters from bind to reset, so that SQLite need not allocate a copy of each. It never moves
 * while parameters lie in it: what finds no room is copied by SQLite, and the next reset makes room for it. */
struct sqlite_stmt {
    struct store_stmt base;
    sqlite3_stmt *handle;
    int64_t changes;
    char *memory;
    size_t used, room, wanted;
    int at[STORE_PARAM_MAX + 1]; /* SQLite numbers "$n" by first appearance, not by n */
};

static struct sqlite_conn *conn_of(struct store_conn *conn)
{
    return (struct sqlite_conn *)conn;
}

static struct sqlite_stmt *stmt_of(struct store_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

static const struct sqlite_stmt *stmt_of_const(const struct store_stmt *stmt)
{
    return (const struct sqlite_stmt *)stmt;
}

static cx_err category_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return CX_ERR(CONFLICT);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return CX_ERR(BUSY);
    case SQLITE_NOMEM:
        return CX_ERR(NOMEM);
    case SQLITE_TOOBIG:
        return CX_ERR(LIMIT);
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
        return CX_ERR(INTERNAL);
    default:
        return CX_ERR(STORE);
    }
}

static cx_err failed(struct store_conn *conn, int code)
{
    sqlite3 *db = conn_of(conn)->db;
    const char *advice = "";
    if ((code & 0xff) == SQLITE_FULL)
        advice = " (free disk space, then repeat)";
    else if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
        advice = " (restore the database from a backup)";
    store_conn_error(conn, "SQLite: %s, code %d%s", sqlite3_errmsg(db),
                     sqlite3_extended_errcode(db), advice);
    return category_of(code);
}

static cx_err run_control(struct store_conn *conn, size_t control)
{
    struct sqlite_conn *own = conn_of(conn);
    sqlite3_stmt **handle = &own->controls[control];
    int code = SQLITE_OK;
    if (!*handle)
        code = sqlite3_prepare_v3(own->db, controls[control], -1, SQLITE_PREPARE_PERSISTENT, handle,
                                  NULL);
    if (code != SQLITE_OK)
        return failed(conn, code);
    code = sqlite3_step(*handle);
    cx_err result = code == SQLITE_DONE ? CX_OK : failed(conn, code);
    sqlite3_reset(*handle); /* repeats the error of the step */
    return result;
}

static cx_err run_script(struct store_conn *conn, const char *sql)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        if (cx_str_is(cx_str_from(sql), controls[i]))
            return run_control(conn, i);
    int code = sqlite3_exec(conn_of(conn)->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? CX_OK : failed(conn, code);
}

static void close_db(struct sqlite_conn *conn)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(conn->controls[i]);
    sqlite3_close(conn->db);
}

static void disconnect(struct store_conn *conn)
{
    close_db(conn_of(conn));
    free(conn);
}

/* temp_store: a sandboxed process may write nowhere but in the data directory. */
static const char settings[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;";

static cx_err configure(struct store_conn *conn, enum store_mode mode)
{
    sqlite3 *db = conn_of(conn)->db;
    sqlite3_extended_result_codes(db, 1);
    /* Its waiters are not served in turn: of several starters the unlucky one waits for all steps of the others. */
    sqlite3_busy_timeout(db,
                         (mode == STORE_MODE_MIGRATE ? STORE_MIGRATE_WAIT_S : STORE_WAIT_S) * 1000);
    CX_TRY(run_script(conn, settings));
    if (mode == STORE_MODE_READ)
        return run_script(conn, "PRAGMA query_only=ON; PRAGMA cache_size=-16384");
    return run_script(conn, "PRAGMA cache_size=-65536");
}

/* Only migration creates the file, readable by its owner alone; -wal and -shm inherit its mode. */
static cx_err create_file(const char *path, struct cx_diag *diag)
{
    CX_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cx_refuse(diag, CX_ERR(STORE), "database", "database-open",
                         "Cannot create the database file %s: %m.", path);
    return CX_OK;
}

/* SQLite's count of its own memory takes one lock for every allocation of every connection; nobody reads it. */
static void set_up_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused once SQLite is in use: then it counts */
}

static cx_err connect_to(const struct store_options *options, enum store_mode mode,
                         struct cx_diag *diag, struct store_conn **ret_conn)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t skip = sizeof("sqlite:") - 1;
    pthread_once(&once, set_up_library);
    CX_AUTO_FREE char *path = strndup(options->url.ptr + skip, options->url.len - skip);
    CX_AUTO_FREE struct sqlite_conn *conn = calloc(1, sizeof(*conn));
    if (!path || !conn)
        return CX_ERR(NOMEM);
    if (mode == STORE_MODE_MIGRATE)
        CX_TRY(create_file(path, diag));
    store_conn_init(&conn->base, &store_sqlite_ops);
    int code = sqlite3_open_v2(path, &conn->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    cx_err opened = code == SQLITE_OK ? configure(&conn->base, mode) : failed(&conn->base, code);
    if (cx_failed(opened)) {
        CX_IGNORE(cx_refuse(diag, opened, "database", "database-open", "Cannot open %s: %s.", path,
                            conn->base.error)); /* the category is returned below */
        close_db(conn);
        return opened;
    }
    *ret_conn = &CX_TAKE(conn)->base;
    return CX_OK;
}

static cx_err begin(struct store_conn *conn, enum store_mode mode)
{
    return run_script(conn, mode == STORE_MODE_READ ? "BEGIN" : "BEGIN IMMEDIATE");
}

static void rollback(struct store_conn *conn)
{
    char error[STORE_ERROR_MAX];
    memcpy(error, conn->error, sizeof(error)); /* the cause is worth more than a failing ROLLBACK */
    if (!sqlite3_get_autocommit(conn_of(conn)->db))
        CX_IGNORE(run_script(conn, "ROLLBACK")); /* the connection is then outside a transaction */
    memcpy(conn->error, error, sizeof(error));
}

static cx_err commit(struct store_conn *conn)
{
    cx_err result = CX_OK;
    if (store_fault_commit()) {
        store_conn_error(conn, "injected commit failure");
        result = CX_ERR(STORE);
    } else {
        result = run_script(conn, "COMMIT");
    }
    if (cx_failed(result))
        rollback(conn);
    return result;
}

static cx_err stmt_new(struct store_conn *conn, const char *sql, struct store_stmt **ret_stmt)
{
    CX_AUTO_FREE struct sqlite_stmt *stmt = calloc(1, sizeof(*stmt));
    if (!stmt)
        return CX_ERR(NOMEM);
    int code = sqlite3_prepare_v3(conn_of(conn)->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &stmt->handle, NULL);
    if (code != SQLITE_OK)
        return failed(conn, code);
    for (int i = 1; i <= STORE_PARAM_MAX; i++) {
        char name[8];
        snprintf(name, sizeof(name), "$%d", i);
        stmt->at[i] = sqlite3_bind_parameter_index(stmt->handle, name);
    }
    *ret_stmt = &CX_TAKE(stmt)->base;
    return CX_OK;
}

static void stmt_free(struct store_stmt *stmt)
{
    sqlite3_finalize(stmt_of(stmt)->handle);
    free(stmt_of(stmt)->memory);
    free(stmt);
}

static void stmt_reset(struct store_stmt *stmt)
{
    struct sqlite_stmt *own = stmt_of(stmt);
    sqlite3_reset(own->handle); /* repeats the error of the last step, already reported */
    sqlite3_clear_bindings(own->handle);
    if (own->wanted > own->room && own->wanted <= PARAM_MEMORY_MAX) {
        free(own->memory);
        own->memory = malloc(own->wanted);
        own->room = own->memory ? own->wanted : 0; /* without it SQLite copies */
    }
    own->used = own->wanted = 0;
}

/* A copy that lives until the reset, or NULL: no room. */
static const char *keep_param(struct sqlite_stmt *stmt, struct cx_bytes bytes)
{
    stmt->wanted += bytes.len;
    if (bytes.len > stmt->room - stmt->used)
        return NULL;
    char *copy = stmt->memory + stmt->used;
    memcpy(copy, bytes.ptr, bytes.len);
    stmt->used += bytes.len;
    return copy;
}

static cx_err bind(struct store_stmt *stmt, int index, const struct store_value *value)
{
    sqlite3_stmt *handle = stmt_of(stmt)->handle;
    int at = stmt_of(stmt)->at[index];
    if (at == 0)
        return CX_ERR(USAGE);
    const char *bytes = "";
    sqlite3_destructor_type copied = SQLITE_STATIC;
    if (value->bytes.len > 0) {
        bytes = keep_param(stmt_of(stmt), value->bytes);
        copied = bytes ? SQLITE_STATIC : SQLITE_TRANSIENT;
        bytes = bytes ? bytes : (const char *)value->bytes.ptr;
    }
    int code = SQLITE_OK;
    switch (value->kind) {
    case STORE_VALUE_NULL:
        code = sqlite3_bind_null(handle, at);
        break;
    case STORE_VALUE_INT:
        code = sqlite3_bind_int64(handle, at, value->number);
        break;
    case STORE_VALUE_TEXT:
        code = sqlite3_bind_text64(handle, at, bytes, value->bytes.len, copied, SQLITE_UTF8);
        break;
    case STORE_VALUE_BYTES:
        code = sqlite3_bind_blob64(handle, at, bytes, value->bytes.len, copied);
        break;
    }
    return code == SQLITE_OK ? CX_OK : failed(stmt->conn, code);
}

static cx_err step(struct store_stmt *stmt, bool *ret_row)
{
    struct sqlite_stmt *own = stmt_of(stmt);
    int code = sqlite3_step(own->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return failed(stmt->conn, code);
    if (code == SQLITE_DONE)
        own->changes = sqlite3_changes64(conn_of(stmt->conn)->db);
    *ret_row = code == SQLITE_ROW;
    return CX_OK;
}

static int64_t changes(const struct store_stmt *stmt)
{
    return stmt_of_const(stmt)->changes;
}

static bool col_is_null(const struct store_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt_of_const(stmt)->handle, column) == SQLITE_NULL;
}

static int64_t col_int(const struct store_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt_of_const(stmt)->handle, column);
}

static struct cx_bytes col_bytes(const struct store_stmt *stmt, int column)
{
    sqlite3_stmt *handle = stmt_of_const(stmt)->handle;
    const void *ptr = sqlite3_column_blob(handle, column);
    int len = sqlite3_column_bytes(handle, column);
    return ptr && len > 0 ? CX_BYTES(ptr, (size_t)len) : CX_BYTES_NONE;
}

const struct store_ops store_sqlite_ops = {
    .engine = STORE_SQLITE,
    .connect = connect_to,
    .disconnect = disconnect,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .script = run_script,
    .stmt_new = stmt_new,
    .stmt_free = stmt_free,
    .stmt_reset = stmt_reset,
    .bind = bind,
    .step = step,
    .changes = changes,
    .col_is_null = col_is_null,
    .col_int = col_int,
    .col_bytes = col_bytes,
};
