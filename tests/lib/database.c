#include "tests/lib/test.h"
#include "tests/lib/database.h"
#include "base/cleanup.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { EXIT_SKIP = 77 };

/* Child: standard input is the pipe whose end stops the server, standard output tells the URL. */
static void become_pg_test(const char *folder, int input, int output)
{
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    closefrom(STDERR_FILENO + 1);
    execl(CX_SOURCE_ROOT "/tools/pg-test", "pg-test", "run", folder, (char *)NULL);
    _exit(127);
}

static int read_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    while (len + 1 < size) {
        ssize_t got = read(fd, line + len, 1);
        if (got <= 0 || line[len] == '\n')
            break;
        len++;
    }
    line[len] = 0;
    return len > 0 ? 0 : -1;
}

static int start_postgres(struct test_databases *databases)
{
    char folder[96];
    snprintf(folder, sizeof(folder), "%s/pg", databases->folder);
    int input[2], output[2];
    if (pipe(input) != 0 || pipe(output) != 0)
        return -1;
    databases->pid = fork();
    if (databases->pid == 0)
        become_pg_test(folder, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    databases->stop_fd = input[1];
    int told = read_line(output[0], databases->postgres_url, sizeof(databases->postgres_url));
    close(output[0]);
    if (told == 0)
        return 0;
    int status = 0;
    close(databases->stop_fd);
    databases->stop_fd = -1;
    waitpid(databases->pid, &status, 0);
    databases->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
        printf("SKIP: PostgreSQL is not installed, its half of the tests does not run\n");
        return 0;
    }
    fprintf(stderr, "tools/pg-test failed\n");
    return -1;
}

int test_databases_start(struct test_databases *databases)
{
    *databases = (struct test_databases){.stop_fd = -1};
    snprintf(databases->folder, sizeof(databases->folder), "/tmp/cx-test-XXXXXX");
    if (!mkdtemp(databases->folder) || chmod(databases->folder, 0755) != 0)
        return -1;
    return start_postgres(databases);
}

void test_databases_stop(struct test_databases *databases)
{
    if (databases->pid > 0) {
        close(databases->stop_fd);
        waitpid(databases->pid, NULL, 0);
    }
    if (!databases->folder[0])
        return;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", "--", databases->folder, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

bool test_engine_available(const struct test_databases *databases, enum store_engine engine)
{
    return engine == STORE_SQLITE || databases->postgres_url[0];
}

void test_database_url(struct test_databases *databases, enum store_engine engine,
                       char ret_url[static TEST_URL_MAX])
{
    unsigned number = databases->count++;
    if (engine == STORE_SQLITE) {
        snprintf(ret_url, TEST_URL_MAX, "sqlite:%s/%u.db", databases->folder, number);
        return;
    }
    char command[64];
    snprintf(command, sizeof(command), "CREATE DATABASE t%u", number);
    PGconn *pg = PQconnectdb(databases->postgres_url);
    PGresult *result = PQexec(pg, command);
    bool made = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!made)
        fprintf(stderr, "%s: %s\n", command, PQerrorMessage(pg));
    PQclear(result);
    PQfinish(pg);
    assert_true(made);
    const char *query = strchr(databases->postgres_url, '?');
    assert_non_null(query);
    snprintf(ret_url, TEST_URL_MAX, "postgresql://certinext@/t%u%s", number, query);
}

struct store *test_store_open(struct test_databases *databases, enum store_engine engine,
                              char *ret_url)
{
    char url[TEST_URL_MAX];
    test_database_url(databases, engine, url);
    struct store_options options = {.url = cx_str_from(url)};
    struct cx_diag diag = CX_DIAG_INIT;
    struct store *store = NULL;
    cx_err opened = store_migrate(&options, &diag);
    if (cx_is_ok(opened))
        opened = store_open(&options, &diag, &store);
    if (cx_failed(opened))
        fprintf(stderr, "%s: %s\n", url, diag.text);
    assert_ok(opened);
    if (ret_url)
        memcpy(ret_url, url, sizeof(url));
    return store;
}
