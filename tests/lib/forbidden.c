#include "tests/lib/forbidden.h"

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
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

char forbidden_dir[OS_PATH_MAX];

static void path_to(char ret_path[static OS_PATH_MAX], const char *name)
{
    if (cx_failed(os_path(ret_path, "%s/%s", forbidden_dir, name)))
        _exit(FORBIDDEN_BROKEN);
}

/* missing holds words; "landlock" alone means that there is none at all. */
static bool lacks(const char *missing, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = missing; (at = strstr(at, word)) != NULL; at += len)
        if ((at == missing || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static bool is_there(enum forbidden_layer layer, const char *missing)
{
    switch (layer) {
    case LAYER_BASE:
        return true;
    case LAYER_FILES:
        return !lacks(missing, "landlock");
    case LAYER_TCP:
        return !lacks(missing, "landlock") && !lacks(missing, "landlock-tcp");
    case LAYER_SCOPE:
        break;
    }
    return !lacks(missing, "landlock") && !lacks(missing, "landlock-scope");
}

static _Noreturn void run_attempt(forbidden_enter enter, const void *arg,
                                  enum forbidden_layer layer, forbidden_attempt try_it)
{
    struct sandbox_report report = {.layers = ""};
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(enter(arg, &report, &diag))) {
        fprintf(stderr, "%s: %s\n", diag.field, diag.text);
        _exit(FORBIDDEN_BROKEN);
    }
    if (!is_there(layer, report.missing))
        _exit(FORBIDDEN_NO_LAYER);
    _exit(try_it() ? FORBIDDEN_REFUSED : FORBIDDEN_ALLOWED);
}

int forbidden_try(forbidden_enter enter, const void *arg, enum forbidden_layer layer,
                  forbidden_attempt try_it)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_attempt(enter, arg, layer, try_it);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void forbidden_expect(int expected, int result)
{
    if (result == FORBIDDEN_NO_LAYER) {
        print_message("skipped: this kernel's Landlock lacks the layer\n");
        return; /* the other attempts of the test go on */
    }
    assert_int_equal(result, expected);
}

static bool open_refused(const char *name, int flags)
{
    char path[OS_PATH_MAX];
    path_to(path, name);
    CX_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

bool opens_database(void)
{
    return open_refused("db/certinext.db", O_RDONLY);
}

bool opens_key(void)
{
    return open_refused("keys/kek", O_RDONLY);
}

bool opens_tls_key(void)
{
    return open_refused("gate/tls.key", O_RDONLY);
}

bool writes_configuration(void)
{
    return open_refused("certinext.yaml", O_WRONLY);
}

bool reads_configuration(void)
{
    return open_refused("certinext.yaml", O_RDONLY);
}

bool plants_a_file(void)
{
    CX_AUTO_CLOSE int fd =
        open("/tmp/certinext-must-not-exist", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

bool reads_passwd(void)
{
    CX_AUTO_CLOSE int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd < 0 && (errno == EACCES || errno == EPERM);
}

bool writes_own_key_folder(void)
{
    return open_refused("keys/new", O_WRONLY | O_CREAT);
}

bool writes_own_database(void)
{
    return open_refused("db/certinext.db", O_RDWR);
}

bool makes_inet_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

bool makes_unix_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

bool makes_packet_socket(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

bool makes_vsock(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 && (errno == EPERM || errno == EAFNOSUPPORT);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

bool listens(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(47123);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == EACCES;
}

bool listens_anywhere(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && listen(fd, 1) < 0 && errno == EPERM;
}

bool binds_an_address(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == EACCES;
}

/* Nothing listens there: a refused connection means that the sandbox let it pass. */
bool connects_to_discard(void)
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(9);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == EACCES;
}

bool executes(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};
    execve("/bin/true", argv, environment);
    return errno == EPERM || errno == EACCES;
}

bool spawns(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    pid_t pid = 0;
    return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) != 0;
}

bool forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 && errno == EPERM;
}

bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0;
}

bool reads_other_memory(void)
{
    char byte = 0;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};
    return process_vm_readv(getppid(), &local, 1, &remote, 1, 0) < 0;
}

bool makes_user_namespace(void)
{
    return syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) < 0 && errno == EPERM;
}

bool maps_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED && errno == EPERM;
}

bool turns_data_into_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EPERM;
}

bool signals_parent(void)
{
    return kill(getppid(), 0) < 0 && errno == EPERM;
}

bool becomes_root(void)
{
    return setuid(0) < 0 && errno == EPERM;
}

bool has_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    if (syscall(SYS_capget, &header, data) < 0)
        return errno == EPERM; /* the keys filter does not even allow the question */
    return data[0].effective == 0 && data[0].permitted == 0 && data[1].effective == 0;
}

bool raises_its_limits(void)
{
    const struct rlimit limit = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_NOFILE, &limit) < 0;
}

static void *nothing(void *arg)
{
    return arg;
}

bool starts_threads(void)
{
    pthread_t thread;
    void *result = NULL;
    return pthread_create(&thread, NULL, nothing, forbidden_dir) != 0 ||
           pthread_join(thread, &result) != 0 || result != forbidden_dir;
}

static void make_file(const char *name)
{
    char path[OS_PATH_MAX];
    path_to(path, name);
    assert_ok(os_file_write(path, CX_BYTES("x", 1), 0666)); /* only the sandbox stands in the way */
    assert_int_equal(chmod(path, 0666), 0);
}

int forbidden_set_up(void **state)
{
    (void)state;
    static const char *const folders[] = {"db", "keys", "gate", "gate/tmp", "public"};
    snprintf(forbidden_dir, sizeof(forbidden_dir), "/tmp/cx-role-XXXXXX");
    if (mkdtemp(forbidden_dir) == NULL || chmod(forbidden_dir, 0755) < 0)
        return -1;
    for (size_t i = 0; i < 5; i++) {
        char path[OS_PATH_MAX];
        path_to(path, folders[i]);
        assert_ok(os_mkdir(path, 0777, (uid_t)-1, (gid_t)-1));
    }
    make_file("db/certinext.db");
    make_file("keys/kek");
    make_file("gate/tls.key");
    make_file("certinext.yaml");
    return 0;
}

int forbidden_tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"db/certinext.db",
                                        "keys/kek",
                                        "keys/new",
                                        "gate/tls.key",
                                        "certinext.yaml",
                                        "gate/tmp",
                                        "db",
                                        "keys",
                                        "gate",
                                        "public",
                                        ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[OS_PATH_MAX];
        path_to(path, names[i]);
        remove(path);
    }
    return 0;
}
