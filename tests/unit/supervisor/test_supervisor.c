/*
 * The whole process tree, for real: this program is started again by the supervisor as each role. The gate
 * is nginx, outbound is the product's own; keys and core are small stand-ins with the product's sandboxes and
 * channels, because what is tested is the supervisor (the real ones: tests/integration). Takes some seconds.
 */
#include "tests/unit/supervisor/instance_dir.h"

#include "tests/unit/supervisor/stand_in.h"
#include "tests/unit/supervisor/web.h"

#include "base/number.h"
#include "codec/json.h"
#include "os/socket.h"
#include "os/view.h"
#include "supervisor/layout.h"
#include "supervisor/serve.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

enum { STATUS_TEXT_MAX = 16384, WAIT_MS = 20000 };

/* ---- the test's own side ---- */

static char top[64], dir[OS_PATH_MAX];
static pid_t tree;
static uint16_t https_port, http_port, client_port;

static void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static json_t *read_status(void)
{
    char path[OS_PATH_MAX];
    assert_ok(os_path(path, "%s/run/status.json", dir));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(STATUS_TEXT_MAX);
    json_t *root = NULL;
    if (cx_failed(os_file_read(path, STATUS_TEXT_MAX, &text)))
        return NULL;
    assert_ok(json_parse(cx_buf_view(&text), STATUS_TEXT_MAX, NULL, &root));
    return root;
}

/* The role's object inside root; borrowed. */
static const json_t *role_of(const json_t *root, const char *role)
{
    size_t i = 0;
    const json_t *process = NULL;
    json_array_foreach(json_object_get(root, "processes"), i, process)
    {
        if (strcmp(json_string_value(json_object_get(process, "role")), role) == 0)
            return process;
    }
    fail_msg("status.json does not name %s", role);
    return NULL;
}

static int64_t number_of(const char *role, const char *key)
{
    json_auto_t *root = read_status();
    assert_non_null(root);
    return json_integer_value(json_object_get(role_of(root, role), key));
}

static bool is_ready(const char *role, int64_t restarts)
{
    json_auto_t *root = read_status();
    if (root == NULL)
        return false;
    const json_t *process = role_of(root, role);
    return strcmp(json_string_value(json_object_get(process, "state")), "ready") == 0 &&
           json_integer_value(json_object_get(process, "restarts")) >= restarts;
}

static void wait_ready(const char *role, int64_t restarts)
{
    for (int waited = 0; waited < WAIT_MS; waited += 20) {
        if (is_ready(role, restarts))
            return;
        pause_ms(20);
    }
    fail_msg("%s is not ready", role);
}

static void make_url(char ret_url[static 256], bool tls, const char *path)
{
    snprintf(ret_url, 256, "%s://127.0.0.1:%u%s", tls ? "https" : "http",
             tls ? https_port : http_port, path);
}

static void get(bool tls, const char *path, struct answer *answer)
{
    char url[256];
    make_url(url, tls, path);
    CURL *easy = new_client(url, answer);
    assert_int_equal(perform(easy, answer), CURLE_OK);
    curl_easy_cleanup(easy);
}

static int64_t pid_in(const struct answer *answer)
{
    int64_t pid = -1;
    assert_ok(cx_parse_i64((struct cx_str){answer->body, answer->len}, 0, INT32_MAX, &pid));
    return pid;
}

static void kill_role(const char *role)
{
    assert_int_equal(kill((pid_t)number_of(role, "pid"), SIGKILL), 0);
}

/* ---- tests, in order, over one running tree ---- */

/* What the status claims is what the kernel says. */
static void assert_kernel_agrees(pid_t pid)
{
    char path[64], text[4096] = "";
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "Seccomp:\t2\n"));
    assert_non_null(strstr(text, "CapEff:\t0000000000000000\n"));
}

static void test_every_role_is_sandboxed_and_itself(void **state)
{
    (void)state;
    static const struct {
        const char *role;
        uint32_t offset;
    } roles[] = {{"core", 1}, {"keys", 2}, {"outbound", 3}, {"gate", 4}};
    json_auto_t *root = read_status();
    for (size_t i = 0; i < 4; i++) {
        const json_t *process = role_of(root, roles[i].role);
        char *layers = json_dumps(json_object_get(process, "sandbox"), JSON_ENCODE_ANY);
        assert_non_null(strstr(layers, "\"no-new-privs\""));
        assert_non_null(strstr(layers, "\"seccomp-"));
        free(layers);
        json_int_t uid = json_integer_value(json_object_get(process, "uid"));
        assert_int_equal(uid, geteuid() == 0 ? 61300 + roles[i].offset : geteuid());
        assert_kernel_agrees((pid_t)json_integer_value(json_object_get(process, "pid")));
    }
}

static void test_core_sees_only_listed_headers(void **state)
{
    (void)state;
    static struct answer answer;
    char url[256];
    make_url(url, true, "/echo//x?q=1");
    CURL *easy = new_client(url, &answer);
    struct curl_slist *headers = NULL;
    headers = curl_slist_append(headers, "X-CX-Address: 6.6.6.6");
    headers = curl_slist_append(headers, "X-CX-Client-Cert: forged");
    headers = curl_slist_append(headers, "X-CX-Anything: forged");
    headers = curl_slist_append(headers, "X-Forwarded-For: 6.6.6.6");
    headers = curl_slist_append(headers, "Authorization: Bearer t");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "GET /echo//x?q=1 HTTP/1.1\r\n")); /* slashes unmerged */
    assert_non_null(strstr(answer.body, "X-CX-Address: 127.0.0.1\r\n"));
    assert_non_null(strstr(answer.body, "Authorization: Bearer t\r\n"));
    assert_null(strstr(answer.body, "forged"));
    assert_null(strstr(answer.body, "6.6.6.6"));
    assert_non_null(strcasestr(answer.head, "content-security-policy: default-src 'none'"));
    assert_non_null(strcasestr(answer.head, "strict-transport-security:"));
    assert_null(strcasestr(answer.head, "server: nginx/"));
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
}

static void present(CURL *easy, const char *certificate, const char *key)
{
    char path[OS_PATH_MAX];
    assert_ok(os_path(path, "%s/%s", top, certificate));
    curl_easy_setopt(easy, CURLOPT_SSLCERT, path);
    assert_ok(os_path(path, "%s/%s", top, key));
    curl_easy_setopt(easy, CURLOPT_SSLKEY, path);
}

/* The first listener asks nobody; the other one hands on what the client proved the key of, for core to judge. */
static void test_core_sees_a_client_certificate_from_its_listener_only(void **state)
{
    (void)state;
    static struct answer answer;
    char url[256];
    make_url(url, true, "/v1/echo");
    CURL *easy = new_client(url, &answer);
    present(easy, "client.crt", "client.key");
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    assert_null(strstr(answer.body, "X-CX-Client-Cert"));
    curl_easy_cleanup(easy);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/v1/echo", client_port);
    easy = new_client(url, &answer);
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    assert_null(strstr(answer.body, "X-CX-Client-Cert"));
    curl_easy_cleanup(easy);
    easy = new_client(url, &answer);
    present(easy, "client.crt", "client.key");
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    assert_non_null(strstr(answer.body, "X-CX-Client-Cert: -----BEGIN%20CERTIFICATE-----%0A"));
    curl_easy_cleanup(easy);
}

static void test_http2_and_tls_versions(void **state)
{
    (void)state;
    static struct answer answer;
    char url[256];
    make_url(url, true, "/echo");
    CURL *easy = new_client(url, &answer);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    long version = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    assert_int_equal(version, CURL_HTTP_VERSION_2_0);
    curl_easy_cleanup(easy);
    easy = new_client(url, &answer);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                     (long)(CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1));
    curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "ALL:@SECLEVEL=0");
    assert_int_not_equal(perform(easy, &answer), CURLE_OK);
    curl_easy_cleanup(easy);
}

static void test_refusals_are_problem_documents(void **state)
{
    (void)state;
    static struct answer answer;
    static char big[20000];
    memset(big, 'x', sizeof(big) - 1);
    char url[256];
    make_url(url, true, "/echo");
    CURL *easy = new_client(url, &answer);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, big);
    assert_int_equal(perform(easy, &answer), CURLE_OK);
    assert_int_equal(answer.status, 413);
    assert_non_null(strcasestr(answer.head, "content-type: application/problem+json"));
    assert_non_null(strstr(answer.body, "\"status\":413"));
    curl_easy_cleanup(easy);
    get(true, "/crl/nothing.crl", &answer);
    assert_int_equal(answer.status, 404);
    assert_non_null(strstr(answer.body, "urn:certinext:problem:notfound"));
    get(true, "/crl/../../gate/tls.key", &answer); /* becomes /gate/tls.key: core's to refuse */
    assert_null(strstr(answer.body, "PRIVATE"));
}

static void send_raw(const char *request, char ret_answer[static 4096])
{
    CX_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(http_port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    size_t len = 0;
    ssize_t n = 0;
    while (len < 4095 && (n = recv(fd, ret_answer + len, 4095 - len, 0)) > 0)
        len += (size_t)n;
    ret_answer[len] = '\0';
}

static void test_malformed_http_is_a_problem_document(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "nonsense\r\n\r\n",
        "GET /crl/i/0.crl HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /crl/i/0.crl HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET /crl/i/0.crl HTTP/1.1\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char text[4096] = "";
        send_raw(requests[i], text);
        assert_non_null(strstr(text, " 400 "));
        assert_non_null(strstr(text, "application/problem+json"));
    }
    static char head[20000] = "GET /crl/i/0.crl HTTP/1.1\r\nHost: a\r\nX: ";
    size_t used = strlen(head);
    memset(head + used, 'x', sizeof(head) - used - 5);
    memcpy(head + sizeof(head) - 5, "\r\n\r\n", 5);
    char text[4096] = "";
    send_raw(head, text);
    assert_non_null(strstr(text, " 431 "));
    assert_non_null(strstr(text, "\"status\":431"));
    char inside[4096] = "";
    send_raw("GET /.problem/500 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", inside);
    assert_non_null(strstr(inside, " 404 ")); /* internal pages are not to be asked for */
}

static void test_the_plain_port_serves_status_only(void **state)
{
    (void)state;
    static struct answer answer;
    get(false, "/crl/i/0.crl", &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "a list");
    assert_non_null(strcasestr(answer.head, "content-type: application/pkix-crl"));
    assert_non_null(strcasestr(answer.head, "cache-control: public"));
    get(false, "/issuer/i.cer", &answer);
    assert_non_null(strcasestr(answer.head, "content-type: application/pkix-cert"));
    get(false, "/ocsp/x", &answer);
    assert_int_equal(answer.status, 200);
    get(false, "/v1/users", &answer);
    assert_int_equal(answer.status, 404);
}

static void test_a_killed_worker_role_comes_back_connected(void **state)
{
    (void)state;
    static struct answer answer;
    get(true, "/keys", &answer);
    assert_int_equal(pid_in(&answer), number_of("keys", "pid"));
    kill_role("keys");
    wait_ready("keys", 1);
    get(true, "/keys", &answer);
    assert_int_equal(pid_in(&answer), number_of("keys", "pid"));
    get(true, "/outbound", &answer);
    assert_string_equal(answer.body, "ok");
    kill_role("outbound");
    wait_ready("outbound", 1);
    get(true, "/outbound", &answer);
    assert_string_equal(answer.body, "ok");
}

static void test_lists_are_served_while_core_is_down(void **state)
{
    (void)state;
    static struct answer answer;
    kill_role("core");
    get(true, "/crl/i/0.crl", &answer);
    assert_int_equal(answer.status, 200);
    for (int i = 0; i < 50 && !is_ready("core", 1); i++) {
        get(true, "/echo", &answer);
        if (answer.status == 502) {
            assert_non_null(strstr(answer.body, "\"status\":502"));
            assert_non_null(strcasestr(answer.head, "retry-after: 1"));
        }
        pause_ms(10);
    }
    wait_ready("core", 1);
    get(true, "/keys", &answer); /* both its channels are fresh */
    assert_int_equal(pid_in(&answer), number_of("keys", "pid"));
    get(true, "/outbound", &answer);
    assert_string_equal(answer.body, "ok");
}

static bool reaches_gate(void)
{
    static struct answer answer;
    char url[256];
    make_url(url, true, "/crl/i/0.crl");
    CURL *easy = new_client(url, &answer);
    CURLcode rc = perform(easy, &answer);
    curl_easy_cleanup(easy);
    return rc == CURLE_OK && answer.status == 200;
}

static void wait_gate(void)
{
    for (int waited = 0; waited < WAIT_MS; waited += 20) {
        if (reaches_gate())
            return;
        pause_ms(20);
    }
    fail_msg("the gate does not answer");
}

static void test_a_killed_gate_comes_back_on_its_port(void **state)
{
    (void)state;
    kill_role("gate");
    wait_ready("gate", 1);
    wait_gate();
    assert_int_equal(number_of("gate", "restarts"), 1); /* no orphan held the port */
}

static void test_too_many_requests_are_told_when_to_return(void **state)
{
    (void)state;
    static struct answer answer;
    char url[256];
    make_url(url, true, "/crl/i/0.crl");
    CURL *easy = new_client(url, &answer);
    bool limited = false;
    for (int i = 0; i < 2000 && !limited; i++) {
        assert_int_equal(perform(easy, &answer), CURLE_OK);
        limited = answer.status == 429;
    }
    curl_easy_cleanup(easy);
    assert_true(limited);
    assert_non_null(strcasestr(answer.head, "retry-after: 1"));
    assert_non_null(strstr(answer.body, "\"status\":429"));
}

static void test_a_second_supervisor_is_refused(void **state)
{
    (void)state;
    const char *const argv[] = {"/proc/self/exe", "serve", "--data", dir, NULL};
    assert_int_equal(run_program(argv), cx_exit_code(CX_ERR(BUSY)));
}

/* The tree of this test stands below a closed folder when root runs it: see set_up. */
static void test_the_host_sees_no_mount(void **state)
{
    (void)state;
    CX_AUTO_CLOSE int fd = -1;
    char path[OS_PATH_MAX];
    if (geteuid() != 0)
        skip();
    assert_ok(os_path(path, "%s/core.sock", OS_VIEW_PATH "/run"));
    assert_false(os_file_exists(path));
    assert_ok(os_path(path, "%s/run/core.sock", dir));
    assert_ok(os_unix_connect(path, &fd)); /* the same socket by the host's path */
}

static void test_a_role_that_cannot_work_ends_the_start(void **state)
{
    (void)state;
    char other[] = "/tmp/cx-refused-XXXXXX", yaml[OS_PATH_MAX];
    assert_non_null(mkdtemp(other));
    assert_ok(os_path(yaml, "%s/certinext.yaml", other));
    static const char text[] = "database_url: sqlite:/nonexistent/folder/x.db\nlog_level: error\n";
    assert_ok(os_file_write(yaml, CX_BYTES(text, sizeof(text) - 1), 0644));
    const char *const argv[] = {"/proc/self/exe", "serve", "--data", other, NULL};
    assert_int_equal(run_program(argv), cx_exit_code(CX_ERR(INTERNAL)));
    remove_tree(other);
}

static void test_sigterm_ends_all_in_order(void **state)
{
    (void)state;
    pid_t pids[4] = {(pid_t)number_of("core", "pid"), (pid_t)number_of("keys", "pid"),
                     (pid_t)number_of("outbound", "pid"), (pid_t)number_of("gate", "pid")};
    assert_int_equal(kill(tree, SIGTERM), 0);
    int status = -1;
    assert_int_equal(waitpid(tree, &status, 0), tree);
    tree = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(kill(pids[i], 0), -1);
    json_auto_t *root = read_status();
    assert_string_equal(json_string_value(json_object_get(role_of(root, "core"), "state")),
                        "stopped");
    assert_string_equal(json_string_value(json_object_get(role_of(root, "keys"), "last_end")),
                        "exit 0");
}

static void write_file(const char *name, const char *text)
{
    char path[OS_PATH_MAX];
    assert_ok(os_path(path, "%s/%s", dir, name));
    assert_ok(os_file_write(path, CX_BYTES(text, strlen(text)), 0644));
}

static void make_instance(void)
{
    char path[OS_PATH_MAX], yaml[512];
    https_port = free_port();
    do
        http_port = free_port();
    while (http_port == https_port);
    do
        client_port = free_port();
    while (client_port == https_port || client_port == http_port);
    snprintf(yaml, sizeof(yaml),
             "https_listen: 127.0.0.1:%u\nhttp_listen: 127.0.0.1:%u\nbody_max: 16384\n"
             "client_certificate_listen: 127.0.0.1:%u\n"
             "request_rate: 300\nrequest_burst: 300\nlog_level: error\n",
             https_port, http_port, client_port);
    write_file("certinext.yaml", yaml);
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    struct config config;
    assert_ok(config_load(cx_str_from(dir), &arena, NULL, &config));
    assert_ok(layout_prepare(cx_str_from(dir), &config, NULL));
    assert_ok(os_path(path, "%s/gate", dir));
    make_certificate(path, "tls.crt", "tls.key");
    make_certificate(top, "client.crt", "client.key");
    assert_ok(os_path(path, "%s/public/crl/i", dir));
    assert_ok(os_mkdir(path, 0755, (uid_t)-1, (gid_t)-1));
    write_file("public/crl/i/0.crl", "a list");
    write_file("public/issuer/i.cer", "an issuer");
}

static int set_up(void **state)
{
    (void)state;
    /* mkdtemp makes a closed folder (0700), as /root is: roles get through by a private view only. */
    snprintf(top, sizeof(top), "/tmp/cx-tree-XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    assert_ok(os_path(dir, "%s/data", top));
    assert_ok(os_mkdir(dir, 0755, (uid_t)-1, (gid_t)-1));
    make_instance();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    tree = fork();
    if (tree == 0) {
        char *argv[] = {(char[]){"--data"}, dir, NULL};
        _exit(serve_command(2, argv));
    }
    wait_ready("keys", 0);
    wait_ready("outbound", 0);
    wait_ready("core", 0);
    wait_ready("gate", 0);
    wait_gate();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (tree > 0) {
        kill(tree, SIGTERM);
        waitpid(tree, NULL, 0);
    }
    remove_tree(top);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "role") == 0)
        return role_command(argc - 2, argv + 2, stand_in_roles, STAND_IN_COUNT);
    if (argc > 2 && strcmp(argv[1], "serve") == 0)
        return serve_command(argc - 2, argv + 2);
    if (argc > 1)
        return cx_exit_code(CX_ERR(
            USAGE)); /* the supervisor under test runs this program again: never the tests in it */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_role_is_sandboxed_and_itself),
        cmocka_unit_test(test_core_sees_only_listed_headers),
        cmocka_unit_test(test_core_sees_a_client_certificate_from_its_listener_only),
        cmocka_unit_test(test_http2_and_tls_versions),
        cmocka_unit_test(test_refusals_are_problem_documents),
        cmocka_unit_test(test_malformed_http_is_a_problem_document),
        cmocka_unit_test(test_the_plain_port_serves_status_only),
        cmocka_unit_test(test_a_killed_worker_role_comes_back_connected),
        cmocka_unit_test(test_lists_are_served_while_core_is_down),
        cmocka_unit_test(test_a_killed_gate_comes_back_on_its_port),
        cmocka_unit_test(test_too_many_requests_are_told_when_to_return),
        cmocka_unit_test(test_a_second_supervisor_is_refused),
        cmocka_unit_test(test_the_host_sees_no_mount),
        cmocka_unit_test(test_a_role_that_cannot_work_ends_the_start),
        cmocka_unit_test(test_sigterm_ends_all_in_order),
    };
    return cmocka_run_group_tests_name("supervisor/supervisor", tests, set_up, tear_down);
}
