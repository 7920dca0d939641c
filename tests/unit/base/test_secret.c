#include "tests/lib/test.h"
#include "base/secret.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_child_sees_zeros(void **state)
{
    (void)state;
    struct cx_secret secret = CX_SECRET_INIT;
    assert_ok(cx_secret_copy(CX_BYTES("topsecret", 9), &secret));
    pid_t pid = fork();
    if (pid == 0)
        _exit(secret.ptr[0] == 0 ? 0 : 1);
    int status = 1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_bytes(cx_secret_view(&secret), "topsecret", 9);
    cx_secret_clear(&secret);
    assert_null(secret.ptr);
    cx_secret_clear(&secret);
    assert_err(cx_secret_new(0, &secret), USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_child_sees_zeros)};
    return cmocka_run_group_tests_name("base/secret", tests, NULL, NULL);
}
