/*
 * Each role's real sandbox, entered in a child process that then tries the forbidden thing. Started as root
 * the child also changes its user. A mechanism that the kernel lacks skips with a printed reason.
 */
#include "tests/lib/test.h"
#include "ipc/role.h"

#include "base/cleanup.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { TEST_UID = 61901, ALLOWED = 10, REFUSED = 11, BROKEN = 12, NO_LANDLOCK = 13 };

static char dir[OS_PATH_MAX];

/* Inside the sandbox; returns true when the forbidden thing was refused. */
typedef bool (*attempt)(void);

static void path_to(char ret_path[static OS_PATH_MAX], const char *name)
{
    if (cx_failed(os_path(ret_path, "%s/%s", dir, name)))
        _exit(BROKEN);
}

static struct role_start make_start(enum role_kind kind, const char *database_url)
{
    return (struct role_start){.kind = kind,
                               .data_dir = cx_str_from(dir),
                               .control_fd = -1,
                               .keys_fd = -1,
                               .outbound_fd = -1,
                               .uid = geteuid() == 0 ? TEST_UID : 0,
                               .database_url = cx_str_from(database_url)};
}

static _Noreturn void run_attempt(enum role_kind kind, const char *database_url, attempt try_it)
{
    const struct role_start start = make_start(kind, database_url);
    struct sandbox_report report = {.layers = ""};
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(role_enter(&start, &report, &diag))) {
        fprintf(stderr, "%s: %s\n", diag.field, diag.text);
        _exit(BROKEN);
    }
    if (strstr(report.missing, "landlock") != NULL)
        _exit(NO_LANDLOCK);
    _exit(try_it() ? REFUSED : ALLOWED);
}

/* REFUSED, ALLOWED …, or 128 + the signal that ended it. */
static int attempt_in(enum role_kind kind, const char *database_url, attempt try_it)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_attempt(kind, database_url, try_it);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char sqlite_url[OS_PATH_MAX];

static void expect_refused(enum role_kind kind, attempt try_it)
{
    int result = attempt_in(kind, sqlite_url, try_it);
    if (result == NO_LANDLOCK) {
        print_message("skipped: this kernel has no complete Landlock\n");
        skip();
    }
    assert_int_equal(result, REFUSED);
}

static void expect_allowed(enum role_kind kind, attempt try_it)
{
    int result = attempt_in(kind, sqlite_url, try_it);
    if (result == NO_LANDLOCK)
        skip();
    assert_int_equal(result, ALLOWED);
}

static void expect_killed(enum role_kind kind, attempt try_it)
{
    assert_int_equal(attempt_in(kind, sqlite_url, try_it), 128 + SIGSYS);
}

/* ---- attempts ---- */

static bool open_refused(const char *name, int flags)
{
    char path[OS_PATH_MAX];
    path_to(path, name);
    CX_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

static bool opens_database(void)
{
    return open_refused("db/certinext.db", O_RDONLY);
}

static bool opens_key(void)
{
    return open_refused("keys/kek", O_RDONLY);
}

static bool opens_tls_key(void)
{
    return open_refused("gate/tls.key", O_RDONLY);
}

static bool writes_configuration(void)
{
    return open_refused("certinext.yaml", O_WRONLY);
}

static bool reads_configuration(void)
{
    return open_refused("certinext.yaml", O_RDONLY);
}

static bool plants_a_file(void)
{
    CX_AUTO_CLOSE int fd =
        open("/tmp/certinext-must-not-exist", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

static bool reads_passwd(void)
{
    CX_AUTO_CLOSE int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

static bool writes_own_key_folder(void)
{
    return open_refused("keys/new", O_WRONLY | O_CREAT);
}

static bool writes_own_database(void)
{
    return open_refused("db/certinext.db", O_RDWR);
}

static bool makes_inet_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

static bool makes_unix_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

static bool makes_packet_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

static bool makes_vsock(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool listens(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(47123);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == EACCES;
}

/* Nothing listens there: a refused connection means that the sandbox let it pass. */
static bool connects_to_discard(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(9);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == EACCES;
}

static bool executes(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};
    execve("/bin/true", argv, environment);
    return errno == EPERM || errno == EACCES;
}

static bool spawns(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    pid_t pid = 0;
    return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) != 0;
}

static bool forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 && errno == EPERM;
}

static bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0;
}

static bool reads_other_memory(void)
{
    char byte = 0;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};
    return process_vm_readv(getppid(), &local, 1, &remote, 1, 0) < 0;
}

static bool makes_user_namespace(void)
{
    return syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) < 0 && errno == EPERM;
}

static bool maps_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED && errno == EPERM;
}

static bool turns_data_into_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EPERM;
}

static bool signals_parent(void)
{
    return kill(getppid(), 0) < 0 && errno == EPERM;
}

static bool becomes_root(void)
{
    return setuid(0) < 0 && errno == EPERM;
}

static bool has_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    if (syscall(SYS_capget, &header, data) < 0)
        return errno == EPERM; /* the keys filter does not even allow the question */
    return data[0].effective == 0 && data[0].permitted == 0 && data[1].effective == 0;
}

static bool raises_its_limits(void)
{
    const struct rlimit limit = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_NOFILE, &limit) < 0;
}

static void *nothing(void *arg)
{
    return arg;
}

static bool starts_threads(void)
{
    pthread_t thread;
    void *result = NULL;
    return pthread_create(&thread, NULL, nothing, dir) != 0 || pthread_join(thread, &result) != 0 ||
           result != dir;
}

/* ---- tests ---- */

static const enum role_kind our_roles[] = {ROLE_KEYS, ROLE_OUTBOUND, ROLE_CORE};

static void test_any_role_stays_in_its_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_refused(our_roles[i], executes);
        expect_refused(our_roles[i], spawns);
        expect_refused(our_roles[i], forks);
        expect_refused(our_roles[i], maps_code);
        expect_refused(our_roles[i], turns_data_into_code);
        expect_refused(our_roles[i], makes_user_namespace);
        expect_refused(our_roles[i], signals_parent);
        expect_refused(our_roles[i], has_capabilities);
        expect_refused(our_roles[i], raises_its_limits);
        expect_refused(our_roles[i], makes_packet_socket);
        expect_refused(our_roles[i], makes_vsock);
        expect_allowed(our_roles[i], starts_threads);
    }
    if (geteuid() == 0)
        for (size_t i = 0; i < 3; i++)
            expect_refused(our_roles[i], becomes_root);
}

static void test_an_attackers_calls_are_deadly(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_killed(our_roles[i], traces);
        expect_killed(our_roles[i], reads_other_memory);
    }
}

static void test_files_outside_a_role_are_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_refused(our_roles[i], opens_tls_key);
        expect_refused(our_roles[i], reads_configuration);
        expect_refused(our_roles[i], writes_configuration);
        expect_refused(our_roles[i], plants_a_file);
        expect_refused(our_roles[i], reads_passwd);
    }
}

static void test_keys_has_its_folder_and_no_socket_and_no_database(void **state)
{
    (void)state;
    expect_refused(ROLE_KEYS, opens_database);
    expect_refused(ROLE_KEYS, makes_inet_socket);
    expect_refused(ROLE_KEYS, makes_unix_socket);
    expect_allowed(ROLE_KEYS, opens_key);
    expect_allowed(ROLE_KEYS, writes_own_key_folder);
}

static void test_core_has_its_database_and_no_key_and_no_network(void **state)
{
    (void)state;
    expect_refused(ROLE_CORE, opens_key);
    expect_refused(ROLE_CORE, makes_inet_socket);
    expect_allowed(ROLE_CORE, makes_unix_socket);
    expect_allowed(ROLE_CORE, writes_own_database);
}

static void test_core_reaches_the_postgres_port_only(void **state)
{
    (void)state;
    int result = attempt_in(ROLE_CORE, "postgresql://u:p@127.0.0.1:5999/db", connects_to_discard);
    if (result == NO_LANDLOCK) {
        print_message("skipped: this kernel has no complete Landlock\n");
        skip();
    }
    assert_int_equal(result, REFUSED);
    assert_int_equal(attempt_in(ROLE_CORE, "postgresql://u:p@127.0.0.1:9/db", connects_to_discard),
                     ALLOWED);
    assert_int_equal(attempt_in(ROLE_CORE, "postgresql://u:p@127.0.0.1:9/db", listens), REFUSED);
    assert_int_equal(
        attempt_in(ROLE_CORE, "postgresql:///db?host=/run/postgresql", makes_inet_socket), REFUSED);
}

static void test_outbound_connects_but_has_no_file_and_no_listener(void **state)
{
    (void)state;
    expect_refused(ROLE_OUTBOUND, opens_key);
    expect_refused(ROLE_OUTBOUND, opens_database);
    expect_refused(ROLE_OUTBOUND, makes_unix_socket);
    expect_refused(ROLE_OUTBOUND, listens);
    expect_allowed(ROLE_OUTBOUND, connects_to_discard);
}

static void *wait_in_thread(void *arg)
{
    pause();
    return arg;
}

static void test_a_second_thread_forbids_entering(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        const struct role_start start = make_start(ROLE_KEYS, sqlite_url);
        struct sandbox_report report;
        struct cx_diag diag = CX_DIAG_INIT;
        if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0)
            _exit(BROKEN);
        _exit(role_enter(&start, &report, &diag).code == CX_E_USAGE ? REFUSED : ALLOWED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void test_a_missing_folder_forbids_entering(void **state)
{
    (void)state;
    struct role_start start = make_start(ROLE_KEYS, sqlite_url);
    start.data_dir = CX_STR("/nonexistent");
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_report report = {.missing = ""};
        struct cx_diag diag = CX_DIAG_INIT;
        bool failed = cx_failed(role_enter(&start, &report, &diag));
        _exit(failed || strstr(report.missing, "landlock") != NULL ? REFUSED : ALLOWED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void test_database_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        uint16_t port; /* 0: no network */
        bool fine;
    } cases[] = {
        {"postgresql://h/db", 5432, true},
        {"postgresql://u:p@h:6000/db?sslmode=require", 6000, true},
        {"postgresql://u:p%40@[::1]:6001/db", 6001, true},
        {"postgresql:///db?host=/run/postgresql", 0, true},
        {"postgresql://%2Frun%2Fpostgresql/db", 0, true},
        {"postgresql:///db?host=h&port=6002", 6002, true},
        {"postgres://h:6003", 6003, true},
        {"postgresql://h:70000/db", 0, false},
        {"postgresql://h:x/db", 0, false},
        {"nonsense", 0, false},
        {"sqlite:relative.db", 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct role_start start = make_start(ROLE_CORE, cases[i].url);
        struct sandbox_spec spec = {0};
        struct cx_diag diag = CX_DIAG_INIT;
        assert_int_equal(cx_is_ok(role_sandbox_spec(&start, &spec, &diag)), cases[i].fine);
        if (!cases[i].fine)
            continue;
        assert_int_equal(spec.port_count, cases[i].port != 0);
        assert_int_equal((spec.sockets & SANDBOX_SOCKETS_INET) != 0, cases[i].port != 0);
        if (cases[i].port != 0) {
            assert_int_equal(spec.ports[0].port, cases[i].port);
            assert_false(spec.ports[0].bind);
        }
    }
}

static void make_file(const char *name)
{
    char path[OS_PATH_MAX];
    path_to(path, name);
    assert_ok(os_file_write(path, CX_BYTES("x", 1), 0666)); /* only the sandbox stands in the way */
    assert_int_equal(chmod(path, 0666), 0);
}

static int set_up(void **state)
{
    (void)state;
    static const char *const folders[] = {"db", "keys", "gate", "public"};
    snprintf(dir, sizeof(dir), "/tmp/cx-role-XXXXXX");
    if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        char path[OS_PATH_MAX];
        path_to(path, folders[i]);
        assert_ok(os_mkdir(path, 0777, (uid_t)-1, (gid_t)-1));
    }
    make_file("db/certinext.db");
    make_file("keys/kek");
    make_file("gate/tls.key");
    make_file("certinext.yaml");
    assert_ok(os_path(sqlite_url, "sqlite:%s/db/certinext.db", dir));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"db/certinext.db", "keys/kek", "keys/new", "gate/tls.key",
                                        "certinext.yaml",  "db",       "keys",     "gate",
                                        "public",          ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[OS_PATH_MAX];
        path_to(path, names[i]);
        remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_role_stays_in_its_process),
        cmocka_unit_test(test_an_attackers_calls_are_deadly),
        cmocka_unit_test(test_files_outside_a_role_are_closed),
        cmocka_unit_test(test_keys_has_its_folder_and_no_socket_and_no_database),
        cmocka_unit_test(test_core_has_its_database_and_no_key_and_no_network),
        cmocka_unit_test(test_core_reaches_the_postgres_port_only),
        cmocka_unit_test(test_outbound_connects_but_has_no_file_and_no_listener),
        cmocka_unit_test(test_a_second_thread_forbids_entering),
        cmocka_unit_test(test_a_missing_folder_forbids_entering),
        cmocka_unit_test(test_database_urls),
    };
    return cmocka_run_group_tests_name("ipc/role_sandbox", tests, set_up, tear_down);
}
