#include "tests/lib/test.h"
#include "codec/yaml.h"

static void refused(const char *text, const char *rule, const char *contains)
{
    json_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = yaml_parse(cx_str_bytes(cx_str_from(text)), 4096, &diag, &root);
    assert_true(cx_failed(err));
    assert_null(root);
    assert_string_equal(diag.rule, rule);
    assert_non_null(strstr(diag.text, contains));
}

static void test_scalars_are_typed(void **state)
{
    (void)state;
    json_auto_t *root = NULL;
    const char *text =
        "# a comment\nname: server-tls\nversion: 3\nneg: -1\nflag: true\nquoted: 'true'\nq2: "
        "\"7\"\n"
        "zero_led: 007\nyes: yes\nreal: 1.5\nbig: 99999999999999999999\nempty:\ntilde: ~\n"
        "list: [a, 1, {b: false}]\nblock: |\n  two\n  lines\n";
    assert_ok(yaml_parse(cx_str_bytes(cx_str_from(text)), 4096, NULL, &root));
    char *dump = json_dumps(root, JSON_COMPACT);
    assert_string_equal(
        dump, "{\"name\":\"server-tls\",\"version\":3,\"neg\":-1,\"flag\":true,\"quoted\":\"true\","
              "\"q2\":\"7\",\"zero_led\":\"007\",\"yes\":\"yes\",\"real\":\"1.5\","
              "\"big\":\"99999999999999999999\",\"empty\":null,\"tilde\":null,"
              "\"list\":[\"a\",1,{\"b\":false}],\"block\":\"two\\nlines\\n\"}");
    free(dump);
}

static void test_what_is_not_the_subset_is_refused(void **state)
{
    (void)state;
    refused("", "yaml-syntax", "no content");
    refused("# only a comment\n", "yaml-syntax", "no content");
    refused("just text", "yaml-root", "line 1");
    refused("a: 1\nb: 2\na: 3\n", "yaml-duplicate", "line 3, column 1");
    refused("a: &x 1\nb: *x\n", "yaml-decoration", "line 1");
    refused("&x a: 1\n", "yaml-decoration", "line 1");
    refused("a: *x\n", "yaml-alias", "line 1");
    refused("a: !!str 1\n", "yaml-decoration", "line 1");
    refused("a: ! 1\n", "yaml-decoration", "line 1");
    refused("<<: {a: 1}\n", "yaml-merge", "line 1");
    refused("[1, 2]: a\n", "yaml-key", "line 1");
    refused("%YAML 1.1\n---\na: 1\n", "yaml-decoration", "directives");
    refused("%TAG ! tag:x,2000:\n---\na: 1\n", "yaml-decoration", "directives");
    refused("a: 1\n---\nb: 2\n", "yaml-documents", "line 2");
    refused("a: 1\n...\nb: 2\n", "yaml-syntax", "document start");
    refused("a: [1\n", "yaml-syntax", "line");
    refused("a: \"x\\0y\"\n", "yaml-text", "line 1");
    refused("\"x\\0y\": 1\n", "yaml-key", "line 1");
    refused("a: \xff\n", "yaml-syntax", "");
    refused("\xff\xfe"
            "a: 1",
            "yaml-syntax", "");
}

static void test_depth_and_size(void **state)
{
    (void)state;
    char text[64] = {0};
    memset(text, '[', 16);
    memset(text + 16, ']', 16);
    json_t *root = NULL;
    assert_ok(yaml_parse(CX_BYTES(text, 32), 4096, NULL, &root));
    json_decref(root);
    memset(text, '[', 17);
    memset(text + 17, ']', 17);
    refused(text, "yaml-depth", "too deep");
    root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(yaml_parse(CX_BYTES("a: 1", 4), 3, &diag, &root), LIMIT);
    assert_string_equal(diag.rule, "yaml-size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_are_typed),
        cmocka_unit_test(test_what_is_not_the_subset_is_refused),
        cmocka_unit_test(test_depth_and_size),
    };
    return cmocka_run_group_tests_name("codec/yaml", tests, NULL, NULL);
}
