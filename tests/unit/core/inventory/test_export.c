/* The export holds what the list holds, every page of it, and a spreadsheet runs none of it. */
#include "tests/lib/test.h"

#include "tests/unit/core/issuance/world.h"

static struct cx_str export_all(struct world *world, struct api_certificate_export_in in,
                                const char *content_type, size_t *ret_pieces)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf all = CX_BUF_INIT(1 << 20);
    struct api_certificate_export_out out = {0};
    struct api_request request = world_request(world, API_OP_CERTIFICATE_EXPORT, &world->approver);
    struct cx_str text;
    bool done = false;
    in.limit = 2; /* a page, so that there are several */
    assert_ok(handle_certificate_export(&request, &in, &out));
    assert_string_equal(out.raw.content_type, content_type);
    for (*ret_pieces = 0; !done; ++*ret_pieces)
        assert_ok(out.raw.next(out.raw.state, &all, &done));
    assert_ok(
        arena_copy_str(&world->arena, (struct cx_str){(const char *)all.ptr, all.len}, &text));
    return text;
}

static size_t count(struct cx_str text, const char *what)
{
    size_t found = 0, len = strlen(what);
    for (const char *at = text.ptr;; found++) {
        at = memmem(at, text.len - (size_t)(at - text.ptr), what, len);
        if (!at)
            return found;
        at += len;
    }
}

/* A certificate of a request whose tag a spreadsheet would take for a formula. */
static void issue_formula(struct world *world)
{
    struct api_tag tag = {CX_STR("=HYPERLINK(\"x\")"), CX_STR("a\"b")};
    struct api_request_create_in in = {.certificate_profile = CX_STR("server-tls"),
                                       .has_csr = true,
                                       .csr = world_csr(world, "formula.example.org"),
                                       .has_tags = true,
                                       .tags = &tag,
                                       .tags_count = 1};
    struct api_request_create_out out = {0};
    struct api_request_view view;
    struct api_request request = world_request(world, API_OP_REQUEST_CREATE, &world->requester);
    assert_ok(handle_request_create(&request, &in, &out));
    assert_ok(world_approve(world, &world->approver, out.body.id, &view));
    assert_int_equal(view.state, API_REQUEST_STATE_DONE);
}

static void check_csv(struct world *world)
{
    size_t pieces = 0;
    for (int i = 0; i < 4; i++)
        (void)world_issue(world, "row.example.org");
    issue_formula(world);
    struct api_certificate_export_in in = {.format = API_EXPORT_FORMAT_CSV};
    struct cx_str text = export_all(world, in, "text/csv; charset=utf-8", &pieces);
    assert_int_equal(pieces, 3);
    assert_int_equal(count(text, "id,serial,status"), 1); /* one header, not one a page */
    assert_int_equal(count(text, "\r\n"), 6);
    assert_int_equal(count(text, "\"row.example.org\""), 4);
    assert_int_equal(count(text, "\"'=HYPERLINK(\"\"x\"\")=a\"\"b\""), 1);
    assert_int_equal(count(text, ",\"="), 0);
    in.has_name = true;
    in.name = CX_STR("formula.example.org");
    text = export_all(world, in, "text/csv; charset=utf-8", &pieces);
    assert_int_equal(count(text, "\r\n"), 2);
    in.name = CX_STR("nobody.example.org");
    text = export_all(world, in, "text/csv; charset=utf-8", &pieces);
    assert_int_equal(count(text, "\r\n"), 1); /* the header alone */
}

static void a_table_has_every_row_once(void **state)
{
    (void)state;
    world_on_both(check_csv);
}

static void check_lines(struct world *world)
{
    struct api_certificate_view made[3];
    size_t pieces = 0;
    for (int i = 0; i < 3; i++)
        made[i] = world_issue(world, "line.example.org");
    struct api_certificate_export_in in = {.format = API_EXPORT_FORMAT_NDJSON};
    struct cx_str text = export_all(world, in, "application/x-ndjson", &pieces);
    assert_int_equal(pieces, 2);
    assert_int_equal(count(text, "\n"), 3);
    assert_int_equal(text.ptr[text.len - 1], '\n');
    for (int i = 0; i < 3; i++) {
        char id[CX_ID_TEXT_MAX];
        cx_id_format(CX_ID_CERTIFICATE, made[i].id, id);
        assert_int_equal(count(text, id), 1);
    }
    const char *end = memchr(text.ptr, '\n', text.len);
    assert_true(text.ptr[0] == '{' && end[-1] == '}');
    /* another tenant's export is empty */
    struct principal own = world->approver;
    assert_ok(cx_id_new(&world->rng, &world->approver.tenant_id));
    text = export_all(world, in, "application/x-ndjson", &pieces);
    assert_int_equal(text.len, 0);
    world->approver = own;
}

static void lines_are_documents(void **state)
{
    (void)state;
    world_on_both(check_lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_every_row_once),
        cmocka_unit_test(lines_are_documents),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
