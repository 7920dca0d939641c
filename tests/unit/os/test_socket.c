#include "tests/lib/test.h"
#include "os/socket.h"

#include "base/cleanup.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static char path[OS_PATH_MAX];

static void test_listen_sets_mode_and_replaces_a_stale_socket(void **state)
{
    (void)state;
    struct stat st;
    CX_AUTO_CLOSE int first = -1;
    assert_ok(os_unix_listen(path, 0660, (uid_t)-1, geteuid() == 0 ? 61901 : (gid_t)-1, &first));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    if (geteuid() == 0)
        assert_int_equal(st.st_gid, 61901);
    CX_AUTO_CLOSE int second = -1;
    assert_ok(os_unix_listen(path, 0600, (uid_t)-1, (gid_t)-1, &second));
    CX_AUTO_CLOSE int client = -1;
    assert_ok(os_unix_connect(path, &client));
    CX_AUTO_CLOSE int accepted = accept4(second, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    struct os_peer peer;
    assert_ok(os_socket_peer(accepted, &peer));
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(fcntl(client, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    unlink(path);
}

static void test_listen_does_not_replace_a_file(void **state)
{
    (void)state;
    assert_ok(os_file_write(path, CX_BYTES("x", 1), 0600));
    int fd = -1;
    assert_err(os_unix_listen(path, 0600, (uid_t)-1, (gid_t)-1, &fd), CONFLICT);
    assert_true(os_file_exists(path));
    unlink(path);
    assert_err(os_unix_connect(path, &fd), NOTFOUND);
    char long_path[OS_PATH_MAX];
    assert_ok(os_path(long_path, "/tmp/%0200d", 1));
    assert_err(os_unix_listen(long_path, 0600, (uid_t)-1, (gid_t)-1, &fd), LIMIT);
    assert_int_equal(fd, -1);
}

int main(void)
{
    snprintf(path, sizeof(path), "/tmp/cx-socket-%ld", (long)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listen_sets_mode_and_replaces_a_stale_socket),
        cmocka_unit_test(test_listen_does_not_replace_a_file),
    };
    return cmocka_run_group_tests_name("os/socket", tests, NULL, NULL);
}
