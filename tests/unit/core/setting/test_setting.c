/* The table of settings, what is in force when, and when something ends. */
#include "tests/lib/test.h"

#include "core/setting/setting.h"

#define MINUTE_US (60 * (int64_t)CX_US_PER_S)

static void the_table_is_sound(void **state)
{
    (void)state;
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = setting_of((enum setting_name)i);
        assert_non_null(setting->name);
        assert_true(setting->governs[0]);
        assert_true(setting->minimum >= 1 && setting->minimum <= setting->standard &&
                    setting->standard <= setting->maximum);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(setting->name, setting_of((enum setting_name)j)->name);
        assert_int_equal(setting_clamp((enum setting_name)i, INT64_MIN), setting->minimum);
        assert_int_equal(setting_clamp((enum setting_name)i, INT64_MAX), setting->maximum);
        assert_int_equal(setting_clamp((enum setting_name)i, setting->standard), setting->standard);
    }
    /* NIST SP 800-63B-4 §2.2.3, and the five minutes of a step-up. */
    struct setting_values values;
    setting_values_default(&values);
    values.list[SETTING_SESSION_LIFE].value = setting_of(SETTING_SESSION_LIFE)->maximum;
    values.list[SETTING_SESSION_IDLE].value = setting_of(SETTING_SESSION_IDLE)->maximum;
    assert_int_equal(setting_us_at(&values, SETTING_SESSION_LIFE, 1), 24 * 60 * MINUTE_US);
    assert_int_equal(setting_us_at(&values, SETTING_SESSION_IDLE, 1), 60 * MINUTE_US);
    assert_int_equal(setting_us_at(&values, SETTING_SESSION_FACTOR_AGE, 1), 5 * MINUTE_US);
}

static void a_value_counts_from_its_time_on(void **state)
{
    (void)state;
    struct setting_values values;
    setting_values_default(&values);
    values.list[SETTING_DELEGATION_LIFE] = (struct setting_value){10, 90, 1000};
    assert_int_equal(setting_at(&values, SETTING_DELEGATION_LIFE, 999), 90);
    assert_int_equal(setting_at(&values, SETTING_DELEGATION_LIFE, 1000), 10);
    assert_int_equal(setting_us_at(&values, SETTING_DELEGATION_LIFE, 1000), 10 * CX_US_PER_DAY);
    assert_int_equal(setting_at(&values, SETTING_TOKEN_LIFE, 1000), 366);
}

/* Against the naive question at each minute: was it over by the limit of that minute, or before? */
static void an_end_is_the_first_minute_at_which_it_is_over(void **state)
{
    (void)state;
    for (int64_t before = 5; before <= 30; before += 5)
        for (int64_t value = 5; value <= 30; value += 5)
            for (int64_t effective = 1; effective <= 40; effective += 3)
                for (int64_t start = 0; start <= 40; start += 4) {
                    struct setting_values values;
                    setting_values_default(&values);
                    values.list[SETTING_SESSION_IDLE] =
                        (struct setting_value){value, before, effective * MINUTE_US};
                    int64_t end = start;
                    while (end - start < (end < effective ? before : value))
                        end++;
                    assert_int_equal(
                        setting_end_us(&values, SETTING_SESSION_IDLE, start * MINUTE_US),
                        end * MINUTE_US);
                    for (int64_t now = start; now <= 80; now++)
                        assert_int_equal(start * MINUTE_US <= setting_over_us(&values,
                                                                              SETTING_SESSION_IDLE,
                                                                              now * MINUTE_US),
                                         end <= now);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(a_value_counts_from_its_time_on),
        cmocka_unit_test(an_end_is_the_first_minute_at_which_it_is_over),
    };
    return cmocka_run_group_tests_name("core/setting/setting", tests, NULL, NULL);
}
