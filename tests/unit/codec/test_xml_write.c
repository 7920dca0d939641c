#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "codec/xml_write.h"

static void assert_text(const char *text, const char *wanted)
{
    CX_CLEANUP(xml_writer_clear) struct xml_writer xml = {0};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    assert_ok(xml_begin_document(&xml));
    assert_ok(xml_begin(&xml, "a"));
    assert_ok(xml_attribute(&xml, "b", cx_str_from(text)));
    assert_ok(xml_text(&xml, cx_str_from(text)));
    assert_ok(xml_take(&xml, &out));
    assert_ok(cx_buf_terminate(&out));
    assert_string_equal((const char *)out.ptr, wanted);
}

static void escapes(void **state)
{
    (void)state;
    assert_text("x", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"x\">x</a>\n");
    assert_text("</a><!--&\"",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"&lt;/a&gt;&lt;!--&amp;&quot;\">"
                "&lt;/a&gt;&lt;!--&amp;&quot;</a>\n");
}

static void replaces_what_xml_has_no_place_for(void **state)
{
    (void)state;
    assert_text(
        "a\x01z\xef\xbf\xbf\xc3\xa9",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b=\"a\xef\xbf\xbdz\xef\xbf\xbd\xc3\xa9\">"
        "a\xef\xbf\xbdz\xef\xbf\xbd\xc3\xa9</a>\n");
}

static void an_end_too_many_is_an_error(void **state)
{
    (void)state;
    CX_CLEANUP(xml_writer_clear) struct xml_writer xml = {0};
    assert_ok(xml_begin_document(&xml));
    assert_true(cx_failed(xml_end(&xml)));
}

static void the_output_keeps_its_maximum(void **state)
{
    (void)state;
    CX_CLEANUP(xml_writer_clear) struct xml_writer xml = {0};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(8);
    assert_ok(xml_begin_document(&xml));
    assert_ok(xml_element(&xml, "a", CX_STR("b")));
    assert_int_equal(xml_take(&xml, &out).code, CX_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(replaces_what_xml_has_no_place_for),
        cmocka_unit_test(an_end_too_many_is_an_error),
        cmocka_unit_test(the_output_keeps_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
