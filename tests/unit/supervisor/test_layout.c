#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "ipc/role.h"
#include "os/file.h"
#include "supervisor/layout.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BASE = 61300 };
static const struct config config = {.uid_base = BASE};

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static int set_up(void **state)
{
    static char dir[] = "/tmp/certinext-layout-XXXXXX";
    struct cx_diag diag = CX_DIAG_INIT;
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    assert_ok(layout_prepare(cx_str_from(dir), &config, &diag));
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    return nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(void **state, const char *name)
{
    static char paths[4][OS_PATH_MAX];
    static size_t next;
    char *path = paths[next++ % 4];
    assert_ok(os_path(path, "%s/%s", (const char *)*state, name));
    return path;
}

static uid_t owner(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_uid;
}

static void prepare(void **state)
{
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(layout_prepare(cx_str_from(*state), &config, &diag));
}

static void write_file(const char *path)
{
    assert_ok(os_file_write(path, CX_BYTES("x", 1), 0600));
}

/* What root wrote into a role's folder is handed over; what only looks as if it lay there is not. */
static void test_only_what_lies_in_the_folder_changes_hands(void **state)
{
    const uid_t core = BASE + role_uid_offset(ROLE_CORE);
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(path_of(state, "outside"), 0700), 0);
    write_file(path_of(state, "outside/file"));
    write_file(path_of(state, "db/plain"));
    assert_int_equal(symlink(path_of(state, "outside/file"), path_of(state, "db/link")), 0);
    assert_int_equal(symlink(path_of(state, "outside"), path_of(state, "db/folder-link")), 0);
    write_file(path_of(state, "outside/linked"));
    assert_int_equal(link(path_of(state, "outside/linked"), path_of(state, "db/second-name")), 0);
    prepare(state);
    assert_int_equal(owner(path_of(state, "db")), core);
    assert_int_equal(owner(path_of(state, "db/plain")), core);
    assert_int_equal(owner(path_of(state, "db/link")), 0);
    assert_int_equal(owner(path_of(state, "outside")), 0);
    assert_int_equal(owner(path_of(state, "outside/file")), 0);
    assert_int_equal(owner(path_of(state, "outside/linked")), 0);
    assert_int_equal(owner(path_of(state, "key-lists")), 0);
}

static void test_a_link_in_place_of_a_folder_is_refused(void **state)
{
    struct cx_diag diag = CX_DIAG_INIT;
    assert_int_equal(rmdir(path_of(state, "gate/tmp")), 0);
    assert_int_equal(mkdir(path_of(state, "outside"), 0700), 0);
    assert_int_equal(symlink(path_of(state, "outside"), path_of(state, "gate/tmp")), 0);
    assert_err(layout_prepare(cx_str_from(*state), &config, &diag), CONFLICT);
    assert_int_equal(owner(path_of(state, "outside")), geteuid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_what_lies_in_the_folder_changes_hands, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_link_in_place_of_a_folder_is_refused, set_up,
                                        tear_down)};
    return cmocka_run_group_tests_name("supervisor/layout", tests, NULL, NULL);
}
