#include "tests/lib/test.h"
#include "os/file.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>

static char dir[OS_PATH_MAX];

static char *in_dir(const char *name)
{
    static char path[OS_PATH_MAX];
    assert_ok(os_path(path, "%s/%s", dir, name));
    return path;
}

static size_t entries(void)
{
    DIR *d = opendir(dir);
    size_t count = 0;
    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count - 2;
}

static void assert_content(const char *name, const char *expected)
{
    struct cx_buf out = CX_BUF_INIT(64);
    assert_ok(os_file_read(in_dir(name), 64, &out));
    assert_bytes(cx_buf_view(&out), expected, strlen(expected));
    cx_buf_clear(&out);
}

static void test_write_replaces_and_leaves_nothing_beside(void **state)
{
    (void)state;
    assert_ok(os_file_write(in_dir("a"), CX_BYTES("one", 3), 0600));
    assert_ok(os_file_write(in_dir("a"), CX_BYTES("two2", 4), 0640));
    assert_content("a", "two2");
    struct stat st;
    assert_int_equal(stat(in_dir("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(entries(), 1);
}

static void test_a_failed_write_keeps_the_old_content(void **state)
{
    (void)state;
    assert_ok(os_file_write(in_dir("a"), CX_BYTES("old", 3), 0600));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit tiny = {8, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0); /* as a full disk: the write stops short */
    cx_err err = os_file_write(in_dir("a"), CX_BYTES("longer than eight", 17), 0600);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_err(err, LIMIT);
    assert_content("a", "old");
    assert_int_equal(entries(), 1);
}

static void test_create_refuses_an_existing_file(void **state)
{
    (void)state;
    assert_ok(os_file_create(in_dir("a"), CX_BYTES("1", 1), 0600));
    assert_err(os_file_create(in_dir("a"), CX_BYTES("2", 1), 0600), CONFLICT);
    assert_content("a", "1");
    assert_int_equal(entries(), 1);
}

static void test_read_keeps_to_its_maximum_and_to_files(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(64);
    assert_ok(os_file_write(in_dir("a"), CX_BYTES("12345", 5), 0600));
    assert_err(os_file_read(in_dir("a"), 4, &out), LIMIT);
    assert_int_equal(out.len, 0);
    assert_err(os_file_read(in_dir("none"), 4, &out), NOTFOUND);
    assert_err(os_file_read(dir, 4, &out), CONFLICT);
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    assert_err(os_file_read(in_dir("fifo"), 4, &out), CONFLICT); /* and does not hang */
    cx_buf_clear(&out);
}

static void test_secret_file(void **state)
{
    (void)state;
    CX_CLEANUP(cx_secret_clear) struct cx_secret secret = CX_SECRET_INIT;
    assert_ok(os_file_write(in_dir("s"), CX_BYTES("0123456789abcdef", 16), 0600));
    assert_ok(os_file_read_secret(in_dir("s"), 32, &secret));
    assert_bytes(cx_secret_view(&secret), "0123456789abcdef", 16);
    assert_ok(os_file_write(in_dir("s"), CX_BYTES_NONE, 0600));
    struct cx_secret other = CX_SECRET_INIT;
    assert_err(os_file_read_secret(in_dir("s"), 32, &other), PARSE);
    assert_null(other.ptr);
}

static void test_log_appends_and_truncates(void **state)
{
    (void)state;
    CX_AUTO_CLOSE int fd = -1;
    assert_ok(os_log_open(in_dir("log"), 0600, &fd));
    assert_ok(os_log_append(fd, CX_BYTES("one.", 4)));
    assert_ok(os_log_sync(fd));
    assert_ok(os_log_append(fd, CX_BYTES("tw", 2)));
    assert_ok(os_log_truncate(fd, 4));
    assert_ok(os_log_append(fd, CX_BYTES("two.", 4)));
    assert_content("log", "one.two.");
    CX_AUTO_CLOSE int again = -1;
    assert_ok(os_log_open(in_dir("log"), 0600, &again));
    assert_ok(os_log_append(again, CX_BYTES("three.", 6)));
    assert_content("log", "one.two.three.");
    assert_int_equal(symlink("/etc/passwd", in_dir("link")), 0);
    int followed = -1;
    assert_err(os_log_open(in_dir("link"), 0600, &followed), CONFLICT);
}

static void test_lock_is_exclusive_until_closed(void **state)
{
    (void)state;
    int first = -1, second = -1;
    assert_ok(os_lock(in_dir("lock"), &first));
    assert_err(os_lock(in_dir("lock"), &second), BUSY);
    assert_int_equal(second, -1);
    close(first);
    assert_ok(os_lock(in_dir("lock"), &second));
    close(second);
}

static void test_mkdir_makes_and_repairs(void **state)
{
    (void)state;
    struct stat st;
    assert_ok(os_mkdir(in_dir("d"), 0700, (uid_t)-1, (gid_t)-1));
    assert_int_equal(chmod(in_dir("d"), 0777), 0);
    assert_ok(os_mkdir(in_dir("d"), 0700, (uid_t)-1, (gid_t)-1));
    assert_int_equal(stat(in_dir("d"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    if (geteuid() == 0) {
        assert_ok(os_mkdir(in_dir("d"), 0700, 61901, 61901));
        assert_int_equal(stat(in_dir("d"), &st), 0);
        assert_int_equal(st.st_uid, 61901);
    }
    assert_int_equal(symlink("/tmp", in_dir("link")), 0);
    assert_err(os_mkdir(in_dir("link"), 0700, (uid_t)-1, (gid_t)-1), CONFLICT);
    assert_ok(os_file_write(in_dir("f"), CX_BYTES_NONE, 0600));
    assert_err(os_mkdir(in_dir("f"), 0700, (uid_t)-1, (gid_t)-1), CONFLICT);
}

static void test_paths_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char path[OS_PATH_MAX] = "kept";
    assert_err(os_path(path, "%0600d", 1), LIMIT);
    assert_string_equal(path, "kept");
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/cx-file-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "s", "log", "link", "lock", "d", "f", "fifo", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(in_dir(names[i]));
    return 0;
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_write_replaces_and_leaves_nothing_beside),
        IN_DIR(test_a_failed_write_keeps_the_old_content),
        IN_DIR(test_create_refuses_an_existing_file),
        IN_DIR(test_read_keeps_to_its_maximum_and_to_files),
        IN_DIR(test_secret_file),
        IN_DIR(test_log_appends_and_truncates),
        IN_DIR(test_lock_is_exclusive_until_closed),
        IN_DIR(test_mkdir_makes_and_repairs),
        IN_DIR(test_paths_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests_name("os/file", tests, NULL, NULL);
}
