/*
 * PostgreSQL through libpq. Writes run SERIALIZABLE, reads in a REPEATABLE READ snapshot.
 * Parameters and results travel in binary. A statement is prepared at its first step, because only
 * then are the types of its parameters known: integers are declared BIGINT, text TEXT, bytes BYTEA,
 * so that the server never guesses a narrower type. A NULL has no type; if a later use binds a
 * value in its place, the statement is prepared again.
 *
 * A connection that died is replaced when the next transaction begins; a transaction it died in
 * fails.
 */
#include "base/cleanup.h"
#include "store/fault.h"
#include "store/postgres_value.h"
#include "store/store_internal.h"

#include <libpq-fe.h>

enum {
    PARAM_BYTES_MAX = 64 * 1024 * 1024, /* all parameters of one statement */
    BATCH_LOCK = 0x43785343             /* advisory lock of migrations: "CxSC" */
};

struct postgres_conn {
    struct store_conn base;
    PGconn *pg;
    unsigned next_name;
};

struct param {
    enum store_value_kind kind;
    size_t offset, len; /* in values */
};

struct postgres_stmt {
    struct store_stmt base;
    const char *sql;
    char name[16];
    bool prepared;
    int param_count;
    struct param params[STORE_PARAM_MAX];
    Oid types[STORE_PARAM_MAX]; /* as prepared; 0 = left to the server */
    struct cx_buf values;
    PGresult *result;
    int row;
};

static struct postgres_conn *conn_of(struct store_conn *conn)
{
    return (struct postgres_conn *)conn;
}

static struct postgres_stmt *stmt_of(struct store_stmt *stmt)
{
    return (struct postgres_stmt *)stmt;
}

static const struct postgres_stmt *stmt_of_const(const struct store_stmt *stmt)
{
    return (const struct postgres_stmt *)stmt;
}

/* SQLSTATE classes: PostgreSQL documentation, appendix A. */
static cx_err category_of(struct cx_str state)
{
    if (cx_str_starts(state, CX_STR("23")))
        return CX_ERR(CONFLICT);
    if (cx_str_is(state, "40001") || cx_str_is(state, "40P01") || cx_str_is(state, "55P03"))
        return CX_ERR(BUSY);
    if (cx_str_is(state, "53200"))
        return CX_ERR(NOMEM);
    if (cx_str_starts(state, CX_STR("54")))
        return CX_ERR(LIMIT);
    if (cx_str_starts(state, CX_STR("42")) || cx_str_starts(state, CX_STR("22")))
        return CX_ERR(INTERNAL);
    return CX_ERR(STORE);
}

static cx_err failed(struct store_conn *conn, const PGresult *result)
{
    PGconn *pg = conn_of(conn)->pg;
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (!code) {
        store_conn_error(conn, "PostgreSQL connection: %s", PQerrorMessage(pg));
        return CX_ERR(STORE);
    }
    struct cx_str state = cx_str_from(code);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    store_conn_error(conn, "PostgreSQL: %s, SQLSTATE %s", text ? text : "?", code);
    conn->want_retry = cx_str_is(state, "40001") || cx_str_is(state, "40P01");
    return category_of(state);
}

static cx_err run_script(struct store_conn *conn, const char *sql)
{
    PGresult *result = PQexec(conn_of(conn)->pg, sql);
    ExecStatusType status = PQresultStatus(result);
    cx_err err = CX_OK;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        err = failed(conn, result);
    PQclear(result);
    return err;
}

static void disconnect(struct store_conn *conn)
{
    PQfinish(conn_of(conn)->pg);
    free(conn);
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result; /* the library does not write to standard error */
}

/* synchronous_commit: an acknowledged write survives a crash of the server, whatever its default
 * is. */
static cx_err configure(struct store_conn *conn)
{
    if (PQserverVersion(conn_of(conn)->pg) < 150000) {
        store_conn_error(conn, "PostgreSQL 15 or newer is needed");
        return CX_ERR(STORE);
    }
    return run_script(conn, "SET client_encoding = 'UTF8'; SET statement_timeout = '60s';"
                            "SET lock_timeout = '10s'; SET client_min_messages = warning;"
                            "SET idle_in_transaction_session_timeout = '60s';"
                            "SET synchronous_commit = on");
}

static cx_err connect_to(const struct store_options *options, enum store_mode mode,
                         struct cx_diag *diag, struct store_conn **ret_conn)
{
    (void)mode;
    CX_AUTO_FREE char *url = strndup(options->url.ptr, options->url.len);
    CX_AUTO_FREE struct postgres_conn *conn = calloc(1, sizeof(*conn));
    if (!url || !conn)
        return CX_ERR(NOMEM);
    store_conn_init(&conn->base, &store_postgres_ops);
    const char *const names[] = {"dbname", "fallback_application_name", "connect_timeout", NULL};
    const char *const values[] = {url, "certinext", "10", NULL};
    conn->pg = PQconnectdbParams(names, values, 1);
    if (!conn->pg)
        return CX_ERR(NOMEM);
    PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
    cx_err opened =
        PQstatus(conn->pg) == CONNECTION_OK ? configure(&conn->base) : failed(&conn->base, NULL);
    if (cx_failed(opened)) {
        CX_IGNORE(cx_refuse(diag, opened, "database", "database-open",
                            "Cannot use the database: %s",
                            conn->base.error)); /* the category is returned below */
        PQfinish(conn->pg);
        return opened;
    }
    *ret_conn = &CX_TAKE(conn)->base;
    return CX_OK;
}

/* Outside a transaction nothing is lost with the connection but the prepared statements. */
static cx_err reconnect(struct store_conn *conn)
{
    store_conn_forget(conn);
    PQreset(conn_of(conn)->pg);
    if (PQstatus(conn_of(conn)->pg) != CONNECTION_OK)
        return failed(conn, NULL);
    return configure(conn);
}

static cx_err begin(struct store_conn *conn, enum store_mode mode)
{
    static const char *const commands[] = {
        [STORE_MODE_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        [STORE_MODE_WRITE] = "BEGIN ISOLATION LEVEL SERIALIZABLE",
        [STORE_MODE_MIGRATE] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    PGconn *pg = conn_of(conn)->pg;
    if (PQstatus(pg) != CONNECTION_OK)
        CX_TRY(reconnect(conn));
    cx_err begun = run_script(conn, commands[mode]);
    /* BEGIN fails on a lost connection only. The status may still say OK: the farewell of a server that was stopped (class
     * 57P) is read as an answer before the end of the stream is seen. */
    if (cx_failed(begun)) {
        CX_TRY(reconnect(conn));
        begun = run_script(conn, commands[mode]);
    }
    CX_TRY(begun);
    if (mode != STORE_MODE_MIGRATE)
        return CX_OK;
    /* Several nodes may start at once: one migrates, the others wait and find nothing to do. A step over a large table takes as
     * long as it takes, but waits no longer than others for the locks of that table, behind which everybody would queue. */
    char lock[240];
    snprintf(lock, sizeof(lock),
             "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '%ds';"
             "SELECT pg_advisory_xact_lock(%d); SET LOCAL lock_timeout = '%ds'",
             (int)STORE_MIGRATE_WAIT_S, (int)BATCH_LOCK, (int)STORE_WAIT_S);
    return run_script(conn, lock);
}

static void rollback(struct store_conn *conn)
{
    char error[STORE_ERROR_MAX];
    memcpy(error, conn->error, sizeof(error));
    if (PQtransactionStatus(conn_of(conn)->pg) != PQTRANS_IDLE)
        CX_IGNORE(run_script(conn, "ROLLBACK")); /* a lost connection rolls back by itself */
    memcpy(conn->error, error, sizeof(error));
}

static cx_err commit(struct store_conn *conn)
{
    if (store_fault_commit()) {
        rollback(conn);
        store_conn_error(conn, "injected commit failure");
        return CX_ERR(STORE);
    }
    PGconn *pg = conn_of(conn)->pg;
    cx_err result = run_script(conn, "COMMIT");
    if (cx_failed(result) && PQstatus(pg) != CONNECTION_OK)
        store_conn_error(conn, "PostgreSQL: the connection was lost during the commit; "
                               "whether the change was made is not known");
    else if (cx_failed(result))
        rollback(conn);
    return result;
}

static cx_err stmt_new(struct store_conn *conn, const char *sql, struct store_stmt **ret_stmt)
{
    struct postgres_stmt *stmt = calloc(1, sizeof(*stmt));
    if (!stmt)
        return CX_ERR(NOMEM);
    stmt->sql = sql;
    stmt->values = CX_BUF_INIT(PARAM_BYTES_MAX);
    snprintf(stmt->name, sizeof(stmt->name), "s%u", conn_of(conn)->next_name++);
    *ret_stmt = &stmt->base;
    return CX_OK;
}

static void stmt_reset(struct store_stmt *stmt)
{
    struct postgres_stmt *own = stmt_of(stmt);
    PQclear(own->result);
    own->result = NULL;
    own->row = 0;
    own->param_count = 0;
    memset(own->params, 0, sizeof(own->params));
    cx_buf_reset(&own->values);
}

/* The server forgets the prepared statement with its session: statements are freed when the
 * connection ends, or when the cache replaces one, which does not happen with literals. */
static void stmt_free(struct store_stmt *stmt)
{
    stmt_reset(stmt);
    cx_buf_clear(&stmt_of(stmt)->values);
    free(stmt);
}

static cx_err bind(struct store_stmt *stmt, int index, const struct store_value *value)
{
    struct postgres_stmt *own = stmt_of(stmt);
    struct param *param = &own->params[index - 1];
    if (index > own->param_count)
        own->param_count = index;
    uint8_t number[8];
    struct cx_bytes bytes = value->bytes;
    if (value->kind == STORE_VALUE_INT) {
        postgres_write_int8(value->number, number);
        bytes = CX_BYTES(number, sizeof(number));
    }
    size_t offset = own->values.len;
    CX_TRY(cx_buf_add(&own->values, bytes));
    *param = (struct param){.kind = value->kind, .offset = offset, .len = bytes.len};
    return CX_OK;
}

static Oid type_of(enum store_value_kind kind)
{
    switch (kind) {
    case STORE_VALUE_INT:
        return PG_INT8;
    case STORE_VALUE_TEXT:
        return PG_TEXT;
    case STORE_VALUE_BYTES:
        return PG_BYTEA;
    case STORE_VALUE_NULL:
        break;
    }
    return 0;
}

/* Whether the parameters have the types that the statement was prepared with; adds types learnt
 * now. */
static bool learn_types(struct postgres_stmt *own)
{
    bool same = true;
    for (int i = 0; i < own->param_count; i++) {
        Oid type = type_of(own->params[i].kind);
        if (type != 0 && type != own->types[i]) {
            own->types[i] = type;
            same = false;
        }
    }
    return same;
}

static cx_err prepare(struct postgres_stmt *own)
{
    struct store_conn *conn = own->base.conn;
    bool same = learn_types(own);
    if (own->prepared && same)
        return CX_OK;
    if (own->prepared) {
        own->prepared = false;
        snprintf(own->name, sizeof(own->name), "s%u", conn_of(conn)->next_name++);
    }
    PGresult *result =
        PQprepare(conn_of(conn)->pg, own->name, own->sql, own->param_count, own->types);
    cx_err err = PQresultStatus(result) == PGRES_COMMAND_OK ? CX_OK : failed(conn, result);
    PQclear(result);
    own->prepared = cx_is_ok(err);
    return err;
}

static cx_err run(struct postgres_stmt *own)
{
    static const uint8_t empty[1];
    const char *values[STORE_PARAM_MAX];
    int lengths[STORE_PARAM_MAX], formats[STORE_PARAM_MAX];
    for (int i = 0; i < own->param_count; i++) {
        const struct param *param = &own->params[i];
        const uint8_t *at = param->len ? own->values.ptr + param->offset : empty;
        values[i] = param->kind == STORE_VALUE_NULL ? NULL : (const char *)at;
        lengths[i] = (int)param->len;
        formats[i] = 1;
    }
    struct store_conn *conn = own->base.conn;
    own->result =
        PQexecPrepared(conn_of(conn)->pg, own->name, own->param_count, values, lengths, formats, 1);
    ExecStatusType status = PQresultStatus(own->result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return failed(conn, own->result);
    own->row = -1;
    return CX_OK;
}

static cx_err step(struct store_stmt *stmt, bool *ret_row)
{
    struct postgres_stmt *own = stmt_of(stmt);
    if (!own->result) {
        CX_TRY(prepare(own));
        CX_TRY(run(own));
    }
    bool row = own->row + 1 < PQntuples(own->result);
    if (row)
        own->row++;
    *ret_row = row;
    return CX_OK;
}

static int64_t changes(const struct store_stmt *stmt)
{
    int64_t count = 0;
    const PGresult *result = stmt_of_const(stmt)->result;
    if (!result)
        return 0;
    const char *text =
        PQcmdTuples((PGresult *)(uintptr_t)result); /* reads only; libpq lacks const */
    for (; *text >= '0' && *text <= '9'; text++)
        count = count * 10 + (*text - '0');
    return count;
}

static bool col_is_null(const struct store_stmt *stmt, int column)
{
    const struct postgres_stmt *own = stmt_of_const(stmt);
    return PQgetisnull(own->result, own->row, column) != 0;
}

static struct cx_bytes col_bytes(const struct store_stmt *stmt, int column)
{
    const struct postgres_stmt *own = stmt_of_const(stmt);
    const char *ptr = PQgetvalue(own->result, own->row, column);
    int len = PQgetlength(own->result, own->row, column);
    return ptr && len > 0 ? CX_BYTES(ptr, (size_t)len) : CX_BYTES_NONE;
}

static int64_t col_int(const struct store_stmt *stmt, int column)
{
    return postgres_read_int(PQftype(stmt_of_const(stmt)->result, column), col_bytes(stmt, column));
}

const struct store_ops store_postgres_ops = {
    .engine = STORE_POSTGRES,
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
