/* What mails say: addresses that could be answered, machines, charsets, parts, and nothing that a line or a page could be broken with. */
#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "outbound/imap.h"
#include "outbound/message.h"

static void read_mail(const char *raw, struct arena *arena, struct message *message)
{
    assert_ok(message_read(cx_str_bytes(cx_str_from(raw)), arena, message));
}

static void test_senders(void **state)
{
    (void)state;
    static const struct {
        const char *from, *sender;
    } cases[] = {{"From: T <t@example.org>", "t@example.org"},
                 {"From: t@example.org", "t@example.org"},
                 {"From: a@b, c@d", ""},
                 {"From: friends: a@b;", ""},
                 {"From: nobody", ""},
                 {"From: @example.org", ""},
                 {"From: \"a b\"@example.org", ""},
                 {"From: <>", ""},
                 {"Subject: x", ""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
        struct message message;
        char raw[200];
        snprintf(raw, sizeof(raw), "%s\nSubject: s\n\nx\n", cases[i].from);
        read_mail(raw, &arena, &message);
        assert_true(cx_str_is(message.sender, cases[i].sender));
    }
}

static void test_machines(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool automatic;
    } cases[] = {{"Auto-Submitted: auto-generated", true},
                 {"Auto-Submitted: auto-replied (rejected)", true},
                 {"Auto-Submitted: no", false},
                 {"Precedence: Bulk", true},
                 {"Precedence: first-class", false},
                 {"List-Id: <l.example.org>", true},
                 {"Return-Path: <>", true},
                 {"Return-Path: <a@b>", false},
                 {"X-Nothing: here", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
        struct message message;
        char raw[200];
        snprintf(raw, sizeof(raw), "%s\nFrom: a@b\n\nx\n", cases[i].header);
        read_mail(raw, &arena, &message);
        assert_int_equal(message.automatic, cases[i].automatic);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *subject, *text;
    } cases[] = {
        {"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nContent-Type: text/plain; "
         "charset=iso-8859-1\n\nGr\xfc"
         "\xdf"
         "e\r\n",
         "Gr\xc3\xbc\xc3\x9f"
         "e",
         "Gr\xc3\xbc\xc3\x9f"
         "e\n"},
        {"Subject: a\n b\nContent-Type: text/html\n\n<p title='>'>Hi <b>you</b>\n", "a b",
         "'>Hi you\n"},
        {"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<i>h\n"
         "--b\nContent-Type: text/plain\n\nplain\n--b--\n",
         "", "plain"},
        {"Subject: x\x07\x1b[2J\n\nbell \x07 and \xff\n", "x  [2J", "bell   and ?\n"},
        {"Content-Transfer-Encoding: base64\n\naGVsbG8K\n", "", "hello\n"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
        struct message message;
        read_mail(cases[i].raw, &arena, &message);
        assert_string_equal(message.subject.len ? message.subject.ptr : "", cases[i].subject);
        assert_int_equal(message.text.len, strlen(cases[i].text));
        assert_memory_equal(message.text.ptr, cases[i].text, message.text.len);
    }
}

static void test_message_ids(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    struct message message;
    read_mail("Message-ID: <a.b@c>\n\nx", &arena, &message);
    assert_true(cx_str_is(message.id, "a.b@c"));
    read_mail("Subject: none\n\nx", &arena, &message);
    assert_int_equal(message.id.len, 0);
}

static void test_lines_of_a_server(void **state)
{
    (void)state;
    static uint32_t uids[IMAP_UIDS_MAX];
    struct imap_listing listing = {.after_uid = 5, .uids = uids};
    imap_take_line(CX_STR("* OK [UIDVALIDITY 3857529045] UIDs valid\r\n"), &listing);
    assert_int_equal(listing.uid_validity, 3857529045u);
    imap_take_line(CX_STR("* SEARCH 9 5 7 4294967295\r\n"), &listing);
    assert_int_equal(listing.count, 3);
    assert_int_equal(uids[0] == 9 && uids[1] == 7 && uids[2] == UINT32_MAX, 1);
    imap_take_line(CX_STR("* SEARCH 4294967296\r\n"), &listing);
    imap_take_line(CX_STR("* SEARCH\r\n"), &listing);
    imap_take_line(CX_STR("* SEARCHING 8\r\n"), &listing);
    imap_take_line(CX_STR("* OK [UIDVALIDITY 0] none\r\n"), &listing);
    imap_take_line(CX_STR("A1 OK [UIDVALIDITY 9] not untagged\r\n"), &listing);
    assert_int_equal(listing.count, 3);
    assert_int_equal(listing.uid_validity, 3857529045u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_senders),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_message_ids),
        cmocka_unit_test(test_lines_of_a_server),
    };
    if (message_init() == 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
