/* The rendered file is judged by nginx itself (nginx -t), not by its text alone. */
#include "tests/unit/supervisor/instance_dir.h"

#include "supervisor/gate.h"
#include "supervisor/layout.h"

static char dir[OS_PATH_MAX];

static char *render(const struct gate_options *options, struct cx_buf *out)
{
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(gate_render(options, &diag, out));
    assert_ok(cx_buf_terminate(out));
    return (char *)out->ptr;
}

static struct config make_config(struct arena *arena, const char *yaml)
{
    struct config config;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(config_parse(CX_BYTES(yaml, strlen(yaml)), cx_str_from(dir), arena, &diag, &config));
    return config;
}

/* Writes DIR/gate/nginx.conf as the supervisor does and lets nginx read it. */
static void assert_nginx_accepts(const char *yaml)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    const struct config config = make_config(&arena, yaml);
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(layout_prepare(cx_str_from(dir), &config, &diag));
    assert_ok(gate_write(cx_str_from(dir), &config, &diag));
    char prefix[OS_PATH_MAX];
    assert_ok(os_path(prefix, "%s/gate/", dir));
    const char *const argv[] = {"/usr/sbin/nginx", "-t", "-q", "-e", "stderr", "-p", prefix, "-c",
                                "nginx.conf",      NULL};
    assert_int_equal(run_program(argv), 0);
}

static void test_nginx_accepts_every_variant(void **state)
{
    (void)state;
    assert_nginx_accepts("uid_base: 0\nhttps_listen: 127.0.0.1:18443\n");
    assert_nginx_accepts(
        "uid_base: 0\nhttps_listen: 127.0.0.1:18443\nhttp_listen: 127.0.0.1:18080\n"
        "access_log: true\nrequest_rate: 100000\ngate_workers: 1\n");
    assert_nginx_accepts("uid_base: 0\nhttps_listen: '*:18443'\nhttp_listen: '[::1]:18080'\n"
                         "client_certificate_listen: '*:18444'\n");
}

static void test_what_is_off_is_not_in_the_file(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(GATE_CONFIG_MAX);
    const struct config config = make_config(&arena, "request_rate: 77\nbody_max: 9999\n");
    const struct gate_options options = {cx_str_from(dir), &config};
    const char *text = render(&options, &out);
    assert_null(strstr(text, "@{")); /* nothing left over */
    assert_null(strstr(text, "ssl_verify_client"));
    assert_null(strstr(text, "/ocsp/"));
    assert_non_null(strstr(text, "access_log off;"));
    assert_non_null(strstr(text, "rate=77r/s"));
    assert_non_null(strstr(text, "client_max_body_size 9999;"));
    assert_null(strstr(text, "\n#if"));
    assert_null(strstr(text, "\n#end"));
}

static void test_tls_and_headers_are_as_promised(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(GATE_CONFIG_MAX);
    const struct config config = make_config(
        &arena, "http_listen: 127.0.0.1:1080\nclient_certificate_listen: 127.0.0.1:1444\n");
    const struct gate_options options = {cx_str_from(dir), &config};
    const char *text = render(&options, &out);
    assert_non_null(strstr(text, "ssl_protocols TLSv1.2 TLSv1.3;"));
    assert_non_null(strstr(text, "merge_slashes off;"));
    assert_non_null(strstr(text, "proxy_pass_request_headers off;"));
    assert_non_null(strstr(text, "ssl_verify_client optional_no_ca;"));
    assert_non_null(strstr(text, "/ocsp/"));
    assert_non_null(strstr(text, "default-src 'none'"));
}

static void test_a_directory_that_nginx_would_misread_is_refused(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(GATE_CONFIG_MAX);
    const struct config config = make_config(&arena, "{}");
    static const char *const bad[] = {"/a b", "/a;b", "/a{b", "/a$b", "relative", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct gate_options options = {cx_str_from(bad[i]), &config};
        assert_err(gate_render(&options, NULL, &out), USAGE);
    }
}

static int set_up(void **state)
{
    (void)state;
    char gate[OS_PATH_MAX];
    snprintf(dir, sizeof(dir), "/tmp/cx-gate-XXXXXX");
    if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
        return -1;
    assert_ok(os_path(gate, "%s/gate", dir));
    assert_ok(os_mkdir(gate, 0700, (uid_t)-1, (gid_t)-1));
    make_certificate(gate, "tls.crt", "tls.key");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_tree(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nginx_accepts_every_variant),
        cmocka_unit_test(test_what_is_off_is_not_in_the_file),
        cmocka_unit_test(test_tls_and_headers_are_as_promised),
        cmocka_unit_test(test_a_directory_that_nginx_would_misread_is_refused),
    };
    return cmocka_run_group_tests_name("supervisor/gate", tests, set_up, tear_down);
}
