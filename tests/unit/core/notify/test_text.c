/* Texts of notices: sections, steps, rendering in each language, the letter, the signature. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "core/notify/text.h"
#include "core/notify/worker.h"

static void test_sections(void **state)
{
    (void)state;
    static const struct cx_str steps[] = {{"2026-12-01T00:00:00Z; us; done", 30}};
    static const struct api_notice_action actions[] = {{API_INCIDENT_KIND_CONTAINED, 1, 7}};
    static const enum api_notice_section unknown[] = {API_NOTICE_SECTION_IMPACT};
    const struct api_notice_content whole = {.has_nature = true,
                                             .nature = CX_STR("n"),
                                             .has_impact = true,
                                             .impact = CX_STR("i"),
                                             .steps = steps,
                                             .steps_count = 1,
                                             .actions = actions,
                                             .actions_count = 1};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(notice_content_check(&whole, &diag));
    struct api_notice_content less = whole;
    less.has_impact = false;
    assert_int_equal(notice_content_check(&less, &diag).code, CX_E_POLICY);
    assert_string_equal(diag.field, "impact");
    assert_string_equal(diag.rule, "section-empty");
    less.unknown = unknown;
    less.unknown_count = 1;
    assert_ok(notice_content_check(&less, &diag));
    less.has_impact = true;
    diag = CX_DIAG_INIT;
    assert_int_equal(notice_content_check(&less, &diag).code, CX_E_POLICY);
    assert_string_equal(diag.rule, "section-unknown");
    less = whole;
    less.actions_count = 0;
    diag = CX_DIAG_INIT;
    assert_int_equal(notice_content_check(&less, &diag).code, CX_E_POLICY);
    assert_string_equal(diag.field, "containment");
}

static void test_steps(void **state)
{
    (void)state;
    struct notice_step step;
    assert_ok(notice_step_parse(CX_STR(" 2026-12-01T00:00:00Z ; us ;  a; b "), NULL, &step));
    assert_true(cx_str_is(step.owner, "us"));
    assert_true(cx_str_is(step.text, "a; b"));
    static const struct {
        const char *text, *rule;
    } bad[] = {{"", "step-due"},
               {"soon; us; x", "step-due"},
               {"2026-12-01T00:00:00Z; us", "step-due"},
               {"2026-12-01T00:00:00Z; ; x", "step-owner"},
               {"2026-12-01T00:00:00Z; us; ", "step-text"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        assert_int_equal(notice_step_parse(cx_str_from(bad[i].text), &diag, &step).code,
                         CX_E_POLICY);
        assert_string_equal(diag.rule, bad[i].rule);
    }
}

static bool holds(const struct cx_buf *buf, const char *text)
{
    return memmem(buf->ptr, buf->len, text, strlen(text)) != NULL;
}

static void test_every_language(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct notice_templates *templates = NULL;
    static const struct cx_str steps[] = {
        {"2026-12-01T00:00:00Z; Ops; {link} is not expanded", 49}};
    static const struct api_notice_action actions[] = {{API_INCIDENT_KIND_CONTAINED, 0, 7}};
    static const struct notice_certificate certificates[] = {
        {CX_STR("www.example.org"), CX_STR("0abc"), 0}};
    const struct api_notice_content content = {.has_nature = true,
                                               .nature = CX_STR("It {broke}."),
                                               .steps = steps,
                                               .steps_count = 1,
                                               .actions = actions,
                                               .actions_count = 1};
    const struct notice_facts facts = {.tenant = CX_STR("Acme"),
                                       .incident = CX_STR("inc_x"),
                                       .link = CX_STR("https://x/notice/y"),
                                       .content = &content,
                                       .has_act_by = true,
                                       .certificates = certificates,
                                       .certificate_count = 1,
                                       .all_count = 3};
    assert_ok(notice_templates_new(notice_text_files, notice_text_file_count, &diag, &templates));
    static const char *const languages[] = {"en", "de"};
    for (size_t i = 0; i < 2; i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(NOTICE_TEXT_MAX);
        const struct notice_template *template =
            notice_templates_find(templates, cx_str_from(languages[i]));
        assert_non_null(template);
        assert_ok(notice_body(template, &facts, &out));
        assert_true(holds(&out, "It {broke}.") && holds(&out, "{link} is not expanded"));
        assert_true(holds(&out, "www.example.org") && holds(&out, "https://x/notice/y"));
        assert_true(holds(&out, "1970-01-01T00:00:00"));
        CX_CLEANUP(cx_buf_clear) struct cx_buf unknown = CX_BUF_INIT(100);
        assert_ok(cx_buf_add_str(&unknown, template->unknown));
        assert_ok(cx_buf_terminate(&unknown));
        assert_true(holds(&out, (const char *)unknown.ptr));
    }
    assert_null(notice_templates_find(templates, CX_STR("xx")));
    notice_templates_free(templates);
}

static void test_a_template_is_read_strictly(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NOTICE_TEMPLATE_MAX);
    struct notice_template template;
    struct cx_diag diag = CX_DIAG_INIT;
    const struct notice_text_file *file = &notice_text_files[0];
    assert_ok(notice_template_parse(CX_BYTES(file->text, file->len), &arena, &diag, &template));
    assert_ok(cx_buf_add(&text, CX_BYTES(file->text, file->len)));
    uint8_t *at = memmem(text.ptr, text.len, "{nature}", 8);
    assert_non_null(at);
    memcpy(at, "{nurate}", 8);
    assert_int_equal(notice_template_parse(cx_buf_view(&text), &arena, &diag, &template).code,
                     CX_E_PARSE);
    assert_string_equal(diag.rule, "placeholder");
    memcpy(at, "{nature}", 8);
    assert_ok(cx_buf_add_str(&text, CX_STR("other: x\n")));
    assert_int_equal(notice_template_parse(cx_buf_view(&text), &arena, &diag, &template).code,
                     CX_E_PARSE);
}

static void test_letter(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(NOTICE_MAIL_MAX);
    const struct notice_letter letter = {
        .from = CX_STR("ca@example.org"),
        .to = CX_STR("you@example.org"),
        .subject =
            CX_STR("Mitteilung \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                   "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"),
        .body = CX_STR("Hello\n"),
        .delivery = CX_STR("ndl_1"),
        .at_us = INT64_C(1764547200) * CX_US_PER_S};
    assert_ok(notice_letter_write(&letter, &out));
    assert_ok(cx_buf_terminate(&out));
    assert_true(holds(&out, "Message-ID: <ndl_1@example.org>\r\n"));
    assert_true(holds(&out, "Date: Mon, 01 Dec 2025 00:00:00 +0000\r\n"));
    assert_true(holds(&out, "\r\n\r\nSGVsbG8K\r\n"));
    size_t line = 0;
    for (size_t i = 0; i < out.len; i++) {
        line = out.ptr[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 78);
        assert_true(out.ptr[i] < 0x80);
        assert_true(out.ptr[i] != '\n' || (i > 0 && out.ptr[i - 1] == '\r'));
    }
    struct notice_letter nobody = letter;
    nobody.from = CX_STR("nobody");
    assert_int_equal(notice_letter_write(&nobody, &out).code, CX_E_USAGE);
}

/* By: printf '1764547200.{}' | openssl dgst -sha256 -hmac key */
static void test_signature(void **state)
{
    (void)state;
    char text[NOTICE_SIGNATURE_MAX];
    assert_ok(notice_sign(CX_BYTES("key", 3), INT64_C(1764547200) * CX_US_PER_S + 5,
                          CX_BYTES("{}", 2), text));
    assert_string_equal(text, "t=1764547200,v1="
                              "9062efa40b2f82a3ebcb891e1ff9a7efb8c69d05a00164278556f68596609584");
}

static void test_reminders_and_pauses(void **state)
{
    (void)state;
    const cx_time hour = INT64_C(3600) * CX_US_PER_S;
    assert_int_equal(notice_reminder_next(0, false, 0, 1), 24 * hour);
    assert_int_equal(notice_reminder_next(0, false, 0, 24 * hour), 72 * hour);
    assert_int_equal(notice_reminder_next(0, false, 0, 72 * hour), 0);
    assert_int_equal(notice_reminder_next(0, true, 100 * hour, 0), 28 * hour);
    assert_int_equal(notice_reminder_next(0, true, 100 * hour, 28 * hour), 52 * hour);
    assert_int_equal(notice_reminder_next(0, true, 100 * hour, 98 * hour), 99 * hour);
    assert_int_equal(notice_reminder_next(0, true, 100 * hour, 99 * hour), 0);
    assert_int_equal(notice_backoff_us(1), 5 * CX_US_PER_S);
    assert_int_equal(notice_backoff_us(2), 10 * CX_US_PER_S);
    assert_int_equal(notice_backoff_us(100), 600 * CX_US_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sections),
                                       cmocka_unit_test(test_steps),
                                       cmocka_unit_test(test_every_language),
                                       cmocka_unit_test(test_a_template_is_read_strictly),
                                       cmocka_unit_test(test_letter),
                                       cmocka_unit_test(test_signature),
                                       cmocka_unit_test(test_reminders_and_pauses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
