/*
 * Schema versions. Each migration is one transaction together with its line in schema_migration, so
 * a crash leaves a whole number of them. SQLite serialises starters by its write lock, PostgreSQL
 * by an advisory lock (postgres.c). Migrations only go forward.
 */
#include "store/store_internal.h"

#include <inttypes.h>

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, "
    "name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_us BIGINT NOT NULL)";

static const char read_newest[] =
    "SELECT version, sha256 FROM schema_migration ORDER BY version DESC LIMIT 1";
static const char add_version[] =
    "INSERT INTO schema_migration (version, name, sha256, applied_us) VALUES ($1, $2, $3, $4)";

struct newest {
    int64_t version; /* 0: none */
    char sha256[65];
};

static cx_err find_newest(struct store_tx *tx, void *arg)
{
    struct newest *newest = arg;
    *newest = (struct newest){0};
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, read_newest, &q));
    bool row = false;
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_OK;
    newest->version = store_col_int(q, 0);
    snprintf(newest->sha256, sizeof(newest->sha256), "%.*s", CX_STR_ARG(store_col_text(q, 1)));
    return CX_OK;
}

static int64_t program_version(void)
{
    return store_migrations[store_migration_count - 1].version;
}

/* Refuses a schema that this program does not know. */
static cx_err check_known(const struct newest *newest, struct cx_diag *diag)
{
    if (newest->version > program_version())
        return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-newer",
                         "The database has schema version %" PRId64 ", this program knows %" PRId64
                         ": run the newer program.",
                         newest->version, program_version());
    for (size_t i = 0; i < store_migration_count; i++) {
        const struct store_migration *known = &store_migrations[i];
        if (known->version == newest->version &&
            !cx_str_is(cx_str_from(known->sha256), newest->sha256))
            return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-differs",
                             "Schema version %" PRId64 " of the database was made by a different "
                             "program: its migration is not the one built in here.",
                             newest->version);
    }
    return CX_OK;
}

struct step {
    const struct store_migration *migration;
    struct cx_clock clock;
};

static cx_err apply(struct store_tx *tx, void *arg)
{
    const struct step *step = arg;
    const struct store_migration *migration = step->migration;
    for (const char *const *sql = migration->statements; *sql; sql++)
        CX_TRY(tx->conn->ops->script(tx->conn, *sql));
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, add_version, &q));
    store_bind_int(q, 1, migration->version);
    store_bind_text(q, 2, cx_str_from(migration->name));
    store_bind_text(q, 3, cx_str_from(migration->sha256));
    store_bind_int(q, 4, cx_now(&step->clock));
    return store_exec(q);
}

/* One transaction: finds the newest version under the lock and applies the next, if there is one.
 */
static cx_err forward_once(struct store_conn *conn, struct cx_diag *diag, bool *ret_done)
{
    CX_TRY(conn->ops->script(conn, create_table));
    struct newest newest;
    CX_TRY(store_run(conn, find_newest, &newest));
    CX_TRY(check_known(&newest, diag));
    struct step step = {0};
    cx_clock_system(&step.clock);
    for (size_t i = 0; i < store_migration_count && !step.migration; i++)
        if (store_migrations[i].version > newest.version)
            step.migration = &store_migrations[i];
    if (step.migration)
        CX_TRY(store_run(conn, apply, &step));
    *ret_done = !step.migration;
    return CX_OK;
}

static cx_err forward(struct store_conn *conn, struct cx_diag *diag)
{
    bool done = false;
    while (!done) {
        CX_TRY(conn->ops->begin(conn, STORE_MODE_MIGRATE));
        cx_err stepped = forward_once(conn, diag, &done);
        if (cx_failed(stepped)) {
            conn->ops->rollback(conn);
            return stepped;
        }
        CX_TRY(conn->ops->commit(conn));
    }
    return CX_OK;
}

cx_err store_migrate(const struct store_options *options, struct cx_diag *diag)
{
    const struct store_ops *ops = NULL;
    CX_TRY(store_ops_of(options, diag, &ops));
    struct store_conn *conn = NULL;
    CX_TRY(ops->connect(options, STORE_MODE_MIGRATE, diag, &conn));
    cx_err result = forward(conn, diag);
    if (cx_failed(result))
        result = cx_refuse(diag, result, "database", "schema-migration",
                           "Bringing the database schema forward failed: %s", conn->error);
    store_conn_forget(conn);
    ops->disconnect(conn);
    return result;
}

cx_err store_check_schema(struct store_conn *conn, struct cx_diag *diag)
{
    struct newest newest = {0};
    CX_TRY(conn->ops->begin(conn, STORE_MODE_READ));
    cx_err found = store_run(conn, find_newest, &newest);
    conn->ops->rollback(conn);
    if (found.code == CX_E_INTERNAL) /* no such table */
        newest.version = 0;
    else
        CX_TRY(found);
    CX_TRY(check_known(&newest, diag));
    if (newest.version < program_version())
        return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-older",
                         "The database has schema version %" PRId64 ", this program needs %" PRId64
                         ": run certinext init or serve, which bring it forward.",
                         newest.version, program_version());
    return CX_OK;
}
