/*
 * Schema versions. Each migration is one transaction together with its line in schema_migration, so
 * a crash leaves a whole number of them. SQLite serialises starters by its write lock, PostgreSQL
 * by an advisory lock (postgres.c). Migrations only go forward.
 *
 * Every migration that the schema lacks is applied, in the order of the numbers. Each domain numbers
 * its own, so one may come later with a lower number than others that are there: it must not build
 * on their order.
 */
#include "store/store_internal.h"

#include <inttypes.h>

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, "
    "name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_us BIGINT NOT NULL)";

static const char read_versions[] = "SELECT version, sha256 FROM schema_migration ORDER BY version";
static const char add_version[] =
    "INSERT INTO schema_migration (version, name, sha256, applied_us) VALUES ($1, $2, $3, $4)";

/* What the schema says of itself, beside the migrations that are built in. Versions are above zero. */
struct schema {
    int64_t unknown;                    /* a version that this program does not have; 0: none */
    int64_t altered;                    /* a version that another program made; 0: none */
    const struct store_migration *next; /* the first that is lacking; NULL: none */
};

/* Both lists are in order. */
static cx_err compare_versions(struct store_tx *tx, void *arg)
{
    struct schema schema = {0};
    struct store_stmt *q = NULL;
    size_t at = 0;
    CX_TRY(store_prepare(tx, read_versions, &q));
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        int64_t version = row ? store_col_int(q, 0) : INT64_MAX;
        for (; at < store_migration_count && store_migrations[at].version < version; at++)
            if (!schema.next)
                schema.next = &store_migrations[at];
        if (!row)
            break;
        bool known = at < store_migration_count && store_migrations[at].version == version;
        if (!known)
            schema.unknown = version;
        else if (!cx_str_is(store_col_text(q, 1), store_migrations[at++].sha256))
            schema.altered = version;
    }
    *(struct schema *)arg = schema;
    return CX_OK;
}

/* Refuses a schema that this program does not know. */
static cx_err check_known(const struct schema *schema, struct cx_diag *diag)
{
    if (schema->unknown)
        return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-newer",
                         "The database has schema version %" PRId64
                         ", which this program does not have: run the newer program.",
                         schema->unknown);
    if (schema->altered)
        return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-differs",
                         "Schema version %" PRId64 " of the database was made by a different "
                         "program: its migration is not the one built in here.",
                         schema->altered);
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

/* One transaction: finds what is lacking under the lock and applies the first of it. */
static cx_err forward_once(struct store_conn *conn, struct cx_diag *diag, bool *ret_done)
{
    CX_TRY(conn->ops->script(conn, create_table));
    struct schema schema;
    CX_TRY(store_run(conn, compare_versions, &schema));
    CX_TRY(check_known(&schema, diag));
    struct step step = {.migration = schema.next};
    cx_clock_system(&step.clock);
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
    struct schema schema = {0};
    CX_TRY(conn->ops->begin(conn, STORE_MODE_READ));
    cx_err found = store_run(conn, compare_versions, &schema);
    conn->ops->rollback(conn);
    if (found.code == CX_E_INTERNAL) /* no such table */
        schema = (struct schema){.next = &store_migrations[0]};
    else
        CX_TRY(found);
    CX_TRY(check_known(&schema, diag));
    if (schema.next)
        return cx_refuse(diag, CX_ERR(CONFLICT), "database", "schema-older",
                         "The database lacks schema version %" PRId64
                         ", which this program needs: run certinext init or serve, which bring it "
                         "forward.",
                         schema.next->version);
    return CX_OK;
}
