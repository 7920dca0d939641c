#include "tests/lib/test.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/key_list.h"
#include "crypto/key_lists.h"
#include "crypto/weak_key.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    char dir[64];
    struct crypto_key *key;
    struct timespec changed; /* given to the directory with each change, as the command does */
};

static int set_up(void **state)
{
    static struct scratch scratch;
    snprintf(scratch.dir, sizeof(scratch.dir), "/tmp/certinext-key-lists-XXXXXX");
    assert_non_null(mkdtemp(scratch.dir));
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &scratch.key));
    scratch.changed = (struct timespec){1000000, 0};
    *state = &scratch;
    return 0;
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;
    struct dirent *entry = NULL;
    crypto_key_free(scratch->key);
    scratch->key = NULL;
    DIR *dir = opendir(scratch->dir);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(scratch->dir);
}

static void touch(struct scratch *scratch)
{
    scratch->changed.tv_nsec++;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, scratch->changed};
    assert_int_equal(utimensat(AT_FDCWD, scratch->dir, times, 0), 0);
}

static void put(struct scratch *scratch, const char *name, struct cx_bytes content)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.ptr, 1, content.len, file), content.len);
    fclose(file);
    touch(scratch);
}

static void take_away(struct scratch *scratch, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
    assert_int_equal(unlink(path), 0);
    touch(scratch);
}

static struct cx_bytes list_of(struct cx_bytes spki, uint8_t file[static 40])
{
    memcpy(file, crypto_key_list_magic, CRYPTO_KEY_LIST_MAGIC_LEN);
    assert_ok(crypto_sha256(spki, file + CRYPTO_KEY_LIST_MAGIC_LEN));
    return CX_BYTES(file, 40);
}

static void expect(struct scratch *scratch, struct crypto_key_lists *lists, const char *rule)
{
    struct cx_diag diag = CX_DIAG_INIT;
    (void)crypto_key_strong(crypto_key_spki(scratch->key), lists, "csr", &diag);
    assert_string_equal(diag.rule, rule);
}

static void test_lists_count_as_soon_as_they_are_there(void **state)
{
    struct scratch *scratch = *state;
    struct crypto_key_lists *lists = NULL;
    uint8_t file[40];
    assert_ok(crypto_key_lists_new(scratch->dir, &lists));
    expect(scratch, lists, "");
    put(scratch, "other.keys", list_of(CX_BYTES("x", 1), file));
    expect(scratch, lists, "");
    put(scratch, "mine.keys", list_of(crypto_key_spki(scratch->key), file));
    expect(scratch, lists, "key-compromised");
    put(scratch, "notes.txt", CX_BYTES("what is not called .keys is no list", 35));
    expect(scratch, lists, "key-compromised");
    take_away(scratch, "mine.keys");
    expect(scratch, lists, "");
    crypto_key_lists_free(lists);
}

static void test_a_bad_list_stops_everything_and_is_named(void **state)
{
    struct scratch *scratch = *state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct crypto_key_lists *lists = NULL;
    uint8_t file[40];
    assert_ok(crypto_key_lists_new(scratch->dir, &lists));
    put(scratch, "bad.keys", CX_BYTES("CXKEYS1\nshort", 13));
    bool has = false;
    assert_err(crypto_key_lists_has(lists, crypto_key_spki(scratch->key), &diag, &has), BUSY);
    assert_string_equal(diag.rule, "key-list-unreadable");
    assert_non_null(strstr(diag.text, "bad.keys is damaged"));
    expect(scratch, lists, "key-list-unreadable");
    /* Repaired in place: nothing about the directory has changed, and yet it is looked at again. */
    put(scratch, "bad.keys", list_of(crypto_key_spki(scratch->key), file));
    scratch->changed.tv_nsec -= 2;
    touch(scratch);
    expect(scratch, lists, "key-compromised");
    crypto_key_lists_free(lists);
}

static void test_links_and_too_many_lists_are_refused(void **state)
{
    struct scratch *scratch = *state;
    struct cx_diag diag = CX_DIAG_INIT;
    struct crypto_key_lists *lists = NULL;
    size_t count = 0;
    char path[128];
    uint8_t file[40];
    snprintf(path, sizeof(path), "%s/link.keys", scratch->dir);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_ok(crypto_key_lists_new(scratch->dir, &lists));
    assert_err(crypto_key_lists_count(lists, &diag, &count), BUSY);
    take_away(scratch, "link.keys");
    for (int i = 0; i <= CRYPTO_KEY_LISTS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "list-%d.keys", i);
        put(scratch, name, list_of(CX_BYTES(name, strlen(name)), file));
        diag = CX_DIAG_INIT;
        if (i < CRYPTO_KEY_LISTS_MAX) {
            assert_ok(crypto_key_lists_count(lists, &diag, &count));
            assert_int_equal(count, i + 1);
        }
    }
    assert_err(crypto_key_lists_count(lists, &diag, &count), BUSY);
    assert_non_null(strstr(diag.text, "one too many"));
    crypto_key_lists_free(lists);
}

static void test_no_directory_is_no_list(void **state)
{
    struct scratch *scratch = *state;
    struct crypto_key_lists *lists = NULL;
    assert_ok(crypto_key_lists_new("/nonexistent/key-lists", &lists));
    expect(scratch, lists, "");
    crypto_key_lists_free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists_count_as_soon_as_they_are_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_bad_list_stops_everything_and_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_links_and_too_many_lists_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_no_directory_is_no_list, set_up, tear_down)};
    return cmocka_run_group_tests_name("crypto/key_lists", tests, NULL, NULL);
}
