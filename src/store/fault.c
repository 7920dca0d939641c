#include "store/fault.h"
#include "base/number.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic int64_t statement_at, commit_at;
static _Atomic int64_t statement_count, commit_count;

static int64_t from_environment(const char *name)
{
    int64_t value = 0;
    const char *text = getenv(name);
    if (text && cx_failed(cx_parse_i64(cx_str_from(text), 0, INT64_MAX, &value)))
        abort(); /* a torture run that injects nothing would pass for the wrong reason */
    return value;
}

static void start(void)
{
    statement_at = from_environment("CX_FAULT_STATEMENT");
    commit_at = from_environment("CX_FAULT_COMMIT");
}

void store_fault_set(int64_t statement, int64_t commit)
{
    pthread_once(&once, start);
    statement_count = 0;
    commit_count = 0;
    statement_at = statement;
    commit_at = commit;
}

int64_t store_fault_statements(void)
{
    return statement_count;
}

int64_t store_fault_commits(void)
{
    return commit_count;
}

bool store_fault_statement(void)
{
    pthread_once(&once, start);
    return ++statement_count == statement_at;
}

bool store_fault_commit(void)
{
    pthread_once(&once, start);
    return ++commit_count == commit_at;
}
