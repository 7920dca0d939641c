/* From options to the body and path of an operation: what the contract says decides. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/operation.h"
#include "codec/json.h"

#include "api_types.h"

static struct cli cli;
static struct cli_command commands[CLI_COMMANDS_MAX];
static size_t command_count;

static int setup(void **state)
{
    (void)state;
    cli = (struct cli){.arena = ARENA_INIT(CLI_ARENA_MAX)};
    return cx_is_ok(cli_commands(&cli.arena, commands, &command_count)) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&cli.arena);
    return 0;
}

static const struct cli_command *find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].noun, noun) == 0 && commands[i].verb &&
            strcmp(commands[i].verb, verb) == 0)
            return &commands[i];
    fail_msg("no command %s %s", noun, verb);
    return NULL;
}

#define READ(noun, verb, ...)                                                                      \
    cli_parse(&cli, find(noun, verb), (int)CX_COUNT_OF(((const char *const[]){__VA_ARGS__})),      \
              (char **)(uintptr_t)(const char *const[]){__VA_ARGS__}, &help)

static void assert_body(enum api_operation_id operation, const char *expected)
{
    json_t *body = NULL;
    assert_ok(operation_body(&cli, &api_operations[operation], &body));
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(body);
    if (strcmp(text, expected) != 0)
        fail_msg("got %s, not %s", text, expected);
    free(text);
}

static void a_request_is_built(void **state)
{
    (void)state;
    bool help = false;
    assert_ok(READ("request", "create", "--certificate-profile", "server-tls", "--csr", "x",
                   "--name", "dns:a.example", "--name", "uri:https://b/", "--tag", "team=a=b",
                   "--subject", "common_name=N", "--subject", "country=DE", "--validity-days",
                   "30"));
    assert_body(API_OP_REQUEST_CREATE,
                "{\"certificate_profile\":\"server-tls\",\"csr\":\"x\",\"names\":[{\"kind\":"
                "\"dns\",\"value\":\"a.example\"},"
                "{\"kind\":\"uri\",\"value\":\"https://b/"
                "\"}],\"subject\":{\"common_name\":\"N\",\"country\":\"DE\"},"
                "\"tags\":[{\"name\":\"team\",\"value\":\"a=b\"}],\"validity_days\":30}");
}

static void an_object_of_one_member_takes_the_bare_value(void **state)
{
    (void)state;
    bool help = false;
    assert_ok(READ("request", "create", "--certificate-profile", "p", "--server-key", "p256"));
    assert_body(API_OP_REQUEST_CREATE,
                "{\"certificate_profile\":\"p\",\"server_key\":{\"key_type\":\"p256\"}}");
}

static void lists_of_words(void **state)
{
    (void)state;
    bool help = false;
    assert_ok(
        READ("user", "create", "--display-name", "Ada", "--role", "approver", "--role", "auditor"));
    assert_body(API_OP_USER_CREATE,
                "{\"display_name\":\"Ada\",\"roles\":[\"approver\",\"auditor\"]}");
}

static void wrong_values_are_usage_errors(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"--name", "a.example"},
                                           {"--tag", "team"},
                                           {"--validity-days", "x"},
                                           {"--subject", "colour=red"},
                                           {"--validity-days", "1.5"}};
    for (size_t i = 0; i < CX_COUNT_OF(wrong); i++) {
        json_t *body = NULL;
        bool help = false;
        cli.value_count = cli.positional_count = 0;
        assert_ok(
            READ("request", "create", "--certificate-profile", "p", wrong[i][0], wrong[i][1]));
        assert_err(operation_body(&cli, &api_operations[API_OP_REQUEST_CREATE], &body), USAGE);
    }
}

static void a_secret_is_never_an_argument(void **state)
{
    (void)state;
    json_t *body = NULL;
    bool help = false;
    assert_ok(READ("request", "collect", "req_x", "--out", "f", "--password", "hunter2hunter2"));
    assert_err(operation_body(&cli, &api_operations[API_OP_REQUEST_COLLECT], &body), USAGE);
    assert_null(strstr(cli.diag.text, "hunter2"));
}

static void paths_are_encoded(void **state)
{
    (void)state;
    bool help = false;
    struct cx_str path;
    assert_ok(READ("user", "show", "../x y"));
    assert_ok(operation_path(&cli, &api_operations[API_OP_USER_GET], &path));
    assert_str(path, "/v1/users/..%2Fx%20y");
    cli.value_count = cli.positional_count = 0;
    assert_ok(READ("certificate", "list", "--tag", "a=b&c", "--limit", "5"));
    assert_ok(operation_path(&cli, &api_operations[API_OP_CERTIFICATE_LIST], &path));
    assert_str(path, "/v1/certificates?tag=a%3Db%26c&limit=5");
}

static void names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++)
        for (size_t j = 0; j < commands[i].option_count; j++)
            for (size_t k = 0; k < j; k++)
                assert_string_not_equal(commands[i].options[j].name, commands[i].options[k].name);
    for (size_t i = 0; i < command_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(commands[i].noun, commands[j].noun) == 0 &&
                         (!commands[i].verb || !commands[j].verb ||
                          strcmp(commands[i].verb, commands[j].verb) == 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_built, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_of_one_member_takes_the_bare_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lists_of_words, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_values_are_usage_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_never_an_argument, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_are_encoded, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_unique, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
