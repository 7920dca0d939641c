#include "tests/lib/test.h"

#include "core/incident/words.h"

static void words_read_back(void **state)
{
    (void)state;
    const struct incident_words *const lists[] = {
        &incident_types,  &incident_tracks,     &incident_certificates_words,
        &incident_levels, &incident_severities, &incident_sources,
        &incident_roles,  &incident_kinds};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; j < lists[i]->count; j++) {
            int value = -1;
            assert_ok(incident_value(lists[i], cx_str_from(lists[i]->words[j]), &value));
            assert_int_equal(value, j); /* so no word is listed twice */
        }
        int value = -1;
        assert_err(incident_value(lists[i], CX_STR("unheard_of"), &value), PARSE);
        assert_string_equal(incident_word(lists[i], (int)lists[i]->count), "?");
    }
}

/* Rows: impact low, medium, high; columns: urgency. */
static void severity_follows_from_impact_and_urgency(void **state)
{
    (void)state;
    static const char *const MATRIX[] = {"llm", "lmh", "mhc"};
    for (int impact = 0; impact < LEVEL_COUNT; impact++)
        for (int urgency = 0; urgency < LEVEL_COUNT; urgency++) {
            enum incident_severity severity =
                incident_severity((enum incident_level)impact, (enum incident_level)urgency);
            assert_int_equal(incident_word(&incident_severities, severity)[0],
                             MATRIX[impact][urgency]);
        }
}

static void what_only_the_program_writes(void **state)
{
    (void)state;
    assert_false(incident_kind_is_told(KIND_AWARE));
    assert_false(incident_kind_is_told(KIND_DUTY_MISSED));
    assert_false(incident_kind_is_told(KIND_STATE_CHANGED));
    assert_true(incident_kind_is_told(KIND_NOTE));
    assert_true(incident_kind_is_told(KIND_CA_ENDED));
    assert_true(incident_kind_is_once(KIND_AWARE) && incident_kind_is_once(KIND_CONFIRMED) &&
                incident_kind_is_once(KIND_CONTAINED) && incident_kind_is_once(KIND_DISCLOSED));
    assert_false(incident_kind_is_once(KIND_REPORT_RECEIVED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_read_back),
        cmocka_unit_test(severity_follows_from_impact_and_urgency),
        cmocka_unit_test(what_only_the_program_writes),
    };
    return cmocka_run_group_tests_name("core/incident/words", tests, NULL, NULL);
}
