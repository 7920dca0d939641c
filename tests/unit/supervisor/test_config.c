#include "tests/lib/test.h"
#include "supervisor/config.h"

#include "base/cleanup.h"
#include "os/file.h"

#define DIR_TEXT CX_STR("/srv/ca")

static cx_err parse(const char *yaml, struct arena *arena, struct cx_diag *diag,
                    struct config *ret_config)
{
    return config_parse(CX_BYTES(yaml, strlen(yaml)), DIR_TEXT, arena, diag, ret_config);
}

static void assert_refused(const char *yaml, enum cx_category code, const char *field)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    struct cx_diag diag = CX_DIAG_INIT;
    struct config config = {.uid_base = 77};
    assert_int_equal(parse(yaml, &arena, &diag, &config).code, code);
    assert_string_equal(diag.field, field);
    assert_true(diag.text[0] != '\0');
    assert_int_equal(config.uid_base, 77); /* untouched */
}

static void test_defaults_work_and_derive(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    struct config config;
    assert_ok(config_default(DIR_TEXT, &arena, &config));
    assert_str(config.database_url, "sqlite:/srv/ca/db/certinext.db");
    assert_str(config.status_url, "https://localhost:8443");
    assert_int_equal(config.uid_base, 61300);
    assert_int_equal(config_log_level(&config), CX_LOG_INFO);
    assert_ok(parse("http_listen: 127.0.0.1:8080\n", &arena, NULL, &config));
    assert_str(config.status_url, "http://localhost:8080");
    assert_ok(
        parse("http_listen: '*:80'\npublic_url: https://[::1]:8443\n", &arena, NULL, &config));
    assert_str(config.status_url, "http://[::1]");
    assert_ok(parse("{}\n", &arena, NULL, &config));
}

static void test_values_are_taken(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    struct config config;
    assert_ok(parse("core_threads: 7\naccess_log: true\nlog_level: debug\n"
                    "database_url: postgresql://u:p@h/db\n",
                    &arena, NULL, &config));
    assert_int_equal(config.core_threads, 7);
    assert_true(config.access_log);
    assert_int_equal(config_log_level(&config), CX_LOG_DEBUG);
    assert_ok(config_set(&config, CX_STR("core_threads"), CX_STR("9"), &arena, NULL));
    assert_int_equal(config.core_threads, 9);
    assert_err(config_set(&config, CX_STR("core_threads"), CX_STR("9x"), &arena, NULL), PARSE);
    assert_err(config_set(&config, CX_STR("nonsense"), CX_STR("9"), &arena, NULL), PARSE);
    assert_err(config_set(&config, CX_STR("access_log"), CX_STR("yes"), &arena, NULL), PARSE);
}

static void test_mistakes_are_named(void **state)
{
    (void)state;
    assert_refused("core_thread: 7\n", CX_E_PARSE, "certinext.yaml");
    assert_refused("core_threads: 0\n", CX_E_LIMIT, "core_threads");
    assert_refused("core_threads: 1025\n", CX_E_LIMIT, "core_threads");
    assert_refused("core_threads: '7'\n", CX_E_PARSE, "core_threads");
    assert_refused("access_log: yes\n", CX_E_PARSE, "access_log");
    assert_refused("public_url: 7\n", CX_E_PARSE, "public_url");
    assert_refused("public_url: http://h\n", CX_E_PARSE, "public_url");
    assert_refused("public_url: https://h/\n", CX_E_PARSE, "public_url");
    assert_refused("https_listen: 8443\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: ':8443'\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: localhost:8443\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: '[127.0.0.1]:8443'\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: '::1:8443'\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: 127.0.0.1:70000\n", CX_E_PARSE, "https_listen");
    assert_refused("database_url: mysql://h/db\n", CX_E_PARSE, "database_url");
    assert_refused("database_url: sqlite:relative.db\n", CX_E_PARSE, "database_url");
    assert_refused("log_level: loud\n", CX_E_PARSE, "log_level");
    assert_refused("[1, 2]\n", CX_E_PARSE, "certinext.yaml");
    assert_refused("status_url: ftp://h\n", CX_E_PARSE, "status_url");
}

static void test_nothing_reaches_nginx_that_it_would_interpret(void **state)
{
    (void)state;
    assert_refused("https_listen: \"1:2;include /etc/passwd\"\n", CX_E_PARSE, "https_listen");
    assert_refused("https_listen: \"127.0.0.1:8443 deferred\"\n", CX_E_PARSE, "https_listen");
    assert_refused("nginx: \"/bin/{x}\"\n", CX_E_PARSE, "nginx");
    assert_refused("public_url: \"https://h$\"\n", CX_E_PARSE, "public_url");
    assert_refused("public_url: \"https://h\\n\"\n", CX_E_PARSE, "public_url");
}

static void test_dump_reads_back_and_masks_secrets(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 18);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CONFIG_FILE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf again = CX_BUF_INIT(CONFIG_FILE_MAX);
    struct config config, back;
    assert_ok(parse("request_rate: 123\ndatabase_url: postgresql://u:hush@h/db\n"
                    "outbound_allow_private: true\n",
                    &arena, NULL, &config));
    assert_ok(config_write(&config, true, true, &out));
    assert_ok(config_parse(cx_buf_view(&out), DIR_TEXT, &arena, NULL, &back));
    assert_ok(config_write(&back, true, true, &again));
    assert_bytes(cx_buf_view(&again), out.ptr, out.len);
    assert_int_equal(back.request_rate, 123);
    cx_buf_reset(&out);
    assert_ok(config_write(&config, false, false, &out));
    assert_ok(cx_buf_terminate(&out));
    assert_null(strstr((const char *)out.ptr, "hush"));
    assert_non_null(strstr((const char *)out.ptr, "database_url: \"(secret)\""));
}

static void test_the_document_in_the_repository_is_current(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf made = CX_BUF_INIT(CONFIG_FILE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf kept = CX_BUF_INIT(CONFIG_FILE_MAX);
    assert_ok(config_document(&made)); /* certinext config document > docs/config.md */
    assert_ok(os_file_read(CX_SOURCE_ROOT "/docs/config.md", CONFIG_FILE_MAX, &kept));
    assert_true(cx_bytes_eq(cx_buf_view(&made), cx_buf_view(&kept)));
}

static void test_document_names_every_option(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CONFIG_FILE_MAX);
    assert_ok(config_document(&out));
    assert_ok(cx_buf_terminate(&out));
    for (size_t i = 0; i < config_option_count; i++) {
        char row[128];
        snprintf(row, sizeof(row), "\n| `%s` |", config_options[i].name);
        assert_non_null(strstr((const char *)out.ptr, row));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_work_and_derive),
        cmocka_unit_test(test_values_are_taken),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_nothing_reaches_nginx_that_it_would_interpret),
        cmocka_unit_test(test_dump_reads_back_and_masks_secrets),
        cmocka_unit_test(test_the_document_in_the_repository_is_current),
        cmocka_unit_test(test_document_names_every_option),
    };
    return cmocka_run_group_tests_name("supervisor/config", tests, NULL, NULL);
}
