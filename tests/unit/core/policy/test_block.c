#include "tests/lib/test.h"

#include "core/policy/block.h"

static void test_names_at_and_below_the_domain(void **state)
{
    (void)state;
    static const struct {
        const char *domain, *dns;
        bool covered;
    } ROWS[] = {
        {"example.org", "example.org", true},
        {"example.org", "a.b.example.org", true},
        {"example.org", "*.example.org", true},
        {"a.example.org", "*.example.org", false},
        {"example.org", "notexample.org", false},
        {"example.org", "example.org.net", false},
        {"example.org", "org", false},
        {"a.example.org", "*.a.example.org", true},
        {"intranet", "intranet", true},
        {"example.org", "", false},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        assert_int_equal(block_covers_name(cx_str_from(ROWS[i].domain),
                                           CX_BYTES(ROWS[i].dns, strlen(ROWS[i].dns))),
                         ROWS[i].covered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_at_and_below_the_domain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
