/* Reading arguments: one parser, every refusal a usage error. */
#include "tests/lib/test.h"

#include "base/checked.h"

#include "cli/cli.h"

#include <unistd.h>

static struct cli cli;
static const struct cli_option options[] = {
    {.name = "file", .value_name = "FILE", .help = "a file"},
    {.name = "tag", .value_name = "TEXT", .help = "a tag", .repeat = true},
    {.name = "force", .help = "a switch"},
    {.name = "must", .value_name = "TEXT", .help = "needed", .required = true},
};
static const struct cli_command command = {.noun = "thing",
                                           .verb = "do",
                                           .positionals = "ID",
                                           .positional_min = 1,
                                           .positional_max = 1,
                                           .options = options,
                                           .option_count = 4};

static cx_err parse(int argc, const char *const *argv, bool *ret_help)
{
    arena_clear(&cli.arena);
    cli = (struct cli){.arena = ARENA_INIT(1 << 20)};
    return cli_parse(&cli, &command, argc, (char **)(uintptr_t)argv, ret_help);
}

#define PARSE(...)                                                                                 \
    parse((int)CX_COUNT_OF(((const char *const[]){__VA_ARGS__})),                                  \
          (const char *const[]){__VA_ARGS__}, &help)

static void values_are_read(void **state)
{
    (void)state;
    bool help = true;
    struct cx_str text;
    assert_ok(PARSE("id", "--file", "a", "--tag=x", "--tag", "y=z", "--force", "--must", "--json",
                    "--json"));
    assert_false(help);
    assert_true(cli_get(&cli, "file", &text));
    assert_str(text, "a");
    assert_true(cli_get(&cli, "must", &text));
    assert_str(text, "--json"); /* a value may look like an option */
    assert_true(cli.json);
    assert_true(cli_has(&cli, "force"));
    assert_int_equal(cli.value_count, 6);
    assert_str(cli.positionals[0], "id");
    assert_ok(PARSE("--must", "m", "--", "--file"));
    assert_str(cli.positionals[0], "--file");
}

static void refusals(void **state)
{
    (void)state;
    bool help = false;
    assert_err(PARSE("id"), USAGE);          /* --must is missing */
    assert_err(PARSE("--must", "m"), USAGE); /* the positional is missing */
    assert_err(PARSE("--must", "m", "a", "b"), USAGE);
    assert_err(PARSE("id", "--must", "m", "--nonsense"), USAGE);
    assert_err(PARSE("id", "--must"), USAGE);
    assert_err(PARSE("id", "--must", "m", "--force=yes"), USAGE);
    assert_err(PARSE("id", "--must", "m", "--must", "n"), USAGE);
    assert_err(PARSE("id", "--must", "m", "\xff"), USAGE);
    assert_ok(PARSE("--help")); /* help needs nothing else */
    assert_true(help);
}

static void text_comes_from_files(void **state)
{
    (void)state;
    bool help = false;
    struct cx_str text;
    char path[] = "/tmp/cx-cli-XXXXXX", argument[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "content", 7), 7);
    close(fd);
    snprintf(argument, sizeof(argument), "@%s", path);
    assert_ok(PARSE("id", "--must", argument));
    assert_ok(cli_text_argument(&cli, cx_str_from(argument), &text));
    assert_str(text, "content");
    assert_ok(cli_text_argument(&cli, CX_STR("@@at"), &text));
    assert_str(text, "@at");
    unlink(path);
    assert_true(cx_failed(cli_text_argument(&cli, cx_str_from(argument), &text)));
}

/* docs/cli.md promises these numbers. */
static void exit_codes(void **state)
{
    (void)state;
    assert_int_equal(cx_exit_code(CX_OK), 0);
    assert_int_equal(cx_exit_code(CX_ERR(USAGE)), 64);
    assert_int_equal(cx_exit_code(CX_ERR(POLICY)), 66);
    assert_int_equal(cx_exit_code(CX_ERR(DENIED)), 68);
    assert_int_equal(cx_exit_code(CX_ERR(INTERNAL)), 77);
}

static int finish(void **state)
{
    (void)state;
    arena_clear(&cli.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(refusals),
        cmocka_unit_test(text_comes_from_files),
        cmocka_unit_test(exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
