#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "keys/kek.h"
#include "os/file.h"
#include "scratch_dir.h"

#include <sys/stat.h>

struct paths {
    char unlock[OS_PATH_MAX];
    char kek[OS_PATH_MAX];
};

static struct paths make_kek(const struct scratch_dir *dir)
{
    struct paths paths;
    struct cx_rng rng;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_rng_system(&rng);
    assert_ok(os_path(paths.unlock, "%s/unlock", dir->path));
    assert_ok(os_path(paths.kek, "%s/kek", dir->path));
    assert_ok(kek_create(dir->path, paths.unlock, &rng, &diag));
    return paths;
}

static cx_err open_kek(const struct scratch_dir *dir, const char *unlock_path, struct cx_diag *diag,
                       struct kek **ret_kek)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret unlock = CX_SECRET_INIT;
    CX_TRY(kek_read_unlock(unlock_path, diag, &unlock));
    return kek_open(dir->path, &unlock, diag, ret_kek);
}

static void flip(const char *path, long offset)
{
    assert_int_equal(chmod(path, 0600), 0);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    int octet = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_true(fputc(octet ^ 1, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

static void opens_with_its_secret_and_derives_the_same_keys(void **state)
{
    (void)state;
    SCRATCH dir;
    scratch_make(&dir);
    struct paths paths = make_kek(&dir);
    struct stat st;
    assert_int_equal(stat(paths.unlock, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    struct cx_diag diag = CX_DIAG_INIT;
    struct kek *first = NULL, *second = NULL;
    assert_ok(open_kek(&dir, paths.unlock, &diag, &first));
    assert_ok(open_kek(&dir, paths.unlock, &diag, &second));
    const struct cx_id scope = {{1}}, other = {{2}};
    struct cx_secret a = CX_SECRET_INIT, b = CX_SECRET_INIT, c = CX_SECRET_INIT, d = CX_SECRET_INIT;
    assert_ok(kek_derive(first, KEK_TENANT, scope, &a));
    assert_ok(kek_derive(second, KEK_TENANT, scope, &b));
    assert_ok(kek_derive(first, KEK_TENANT, other, &c));
    assert_ok(kek_derive(first, KEK_LOG_KEY, scope, &d));
    assert_memory_equal(a.ptr, b.ptr, KEK_LEN);
    assert_memory_not_equal(a.ptr, c.ptr, KEK_LEN);
    assert_memory_not_equal(a.ptr, d.ptr, KEK_LEN);
    cx_secret_clear(&a);
    cx_secret_clear(&b);
    cx_secret_clear(&c);
    cx_secret_clear(&d);
    kek_free(first);
    kek_free(second);
}

static void refuses_a_second_one(void **state)
{
    (void)state;
    SCRATCH dir;
    scratch_make(&dir);
    struct paths paths = make_kek(&dir);
    struct cx_rng rng;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_rng_system(&rng);
    assert_err(kek_create(dir.path, paths.unlock, &rng, &diag), CONFLICT);
    assert_string_equal(diag.rule, "kek-exists");
}

static void refuses_another_unlock_secret(void **state)
{
    (void)state;
    SCRATCH dir, elsewhere;
    scratch_make(&dir);
    scratch_make(&elsewhere);
    make_kek(&dir);
    struct paths other = make_kek(&elsewhere);
    struct cx_diag diag = CX_DIAG_INIT;
    struct kek *kek = NULL;
    assert_err(open_kek(&dir, other.unlock, &diag, &kek), AUTH);
    assert_string_equal(diag.rule, "kek-unlock-wrong");
    assert_null(kek);
}

static void refuses_a_missing_or_malformed_unlock_secret(void **state)
{
    (void)state;
    SCRATCH dir;
    scratch_make(&dir);
    struct paths paths = make_kek(&dir);
    struct kek *kek = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(open_kek(&dir, "/nonexistent/unlock", &diag, &kek), NOTFOUND);
    assert_string_equal(diag.rule, "kek-unlock-missing");
    const char *const bad[] = {
        "x", "00", "", "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        diag = CX_DIAG_INIT;
        assert_ok(os_file_write(paths.unlock, cx_str_bytes(cx_str_from(bad[i])), 0600));
        assert_err(open_kek(&dir, paths.unlock, &diag, &kek), PARSE);
        assert_string_equal(diag.rule, "kek-unlock-malformed");
    }
}

static void tells_damage_from_a_wrong_secret(void **state)
{
    (void)state;
    const long offsets[] = {0, 60, 100}; /* magic, ciphertext, tag */
    for (size_t i = 0; i < 3; i++) {
        SCRATCH dir;
        scratch_make(&dir);
        struct paths paths = make_kek(&dir);
        flip(paths.kek, offsets[i]);
        struct cx_diag diag = CX_DIAG_INIT;
        struct kek *kek = NULL;
        assert_err(open_kek(&dir, paths.unlock, &diag, &kek), CRYPTO);
        assert_string_equal(diag.rule, "kek-damaged");
    }
}

static void envelope_is_bound_to_key_and_place(void **state)
{
    (void)state;
    struct cx_rng rng;
    cx_rng_seeded(&rng, 7);
    const uint8_t key[32] = {1}, other_key[32] = {2};
    const struct cx_bytes k = CX_BYTES(key, 32), aad = cx_str_bytes(CX_STR("place")),
                          text = cx_str_bytes(CX_STR("secret"));
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf sealed = CX_BUF_INIT(256), again = CX_BUF_INIT(256), plain = CX_BUF_INIT(256);
    assert_ok(kek_seal(k, aad, text, &rng, &sealed));
    assert_ok(kek_seal(k, aad, text, &rng, &again));
    assert_int_equal(sealed.len, text.len + KEK_ENVELOPE_EXTRA);
    assert_memory_not_equal(sealed.ptr, again.ptr, sealed.len);
    assert_ok(kek_unseal(k, aad, cx_buf_view(&sealed), &plain));
    assert_bytes(cx_buf_view(&plain), "secret", 6);
    cx_buf_reset(&plain);
    assert_err(kek_unseal(CX_BYTES(other_key, 32), aad, cx_buf_view(&sealed), &plain), CRYPTO);
    assert_err(kek_unseal(k, cx_str_bytes(CX_STR("elsewhere")), cx_buf_view(&sealed), &plain),
               CRYPTO);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_err(kek_unseal(k, aad, cx_buf_view(&sealed), &plain), CRYPTO);
        sealed.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_err(kek_unseal(k, aad, CX_BYTES(sealed.ptr, len), &plain), CRYPTO);
    assert_int_equal(plain.len, 0);
}

static void provider_keeps_tenants_apart(void **state)
{
    (void)state;
    SCRATCH dir;
    scratch_make(&dir);
    struct paths paths = make_kek(&dir);
    struct cx_diag diag = CX_DIAG_INIT;
    struct kek *kek = NULL;
    assert_ok(open_kek(&dir, paths.unlock, &diag, &kek));
    struct kek_provider provider = kek_sealed_file_provider(kek);
    const struct cx_id tenant = {{1}}, other = {{2}};
    const uint8_t key[32] = {9};
    const struct cx_bytes aad = cx_str_bytes(CX_STR("v1"));
    CX_CLEANUP(cx_buf_clear) struct cx_buf wrapped = CX_BUF_INIT(256);
    assert_ok(provider.wrap(provider.self, tenant, aad, CX_BYTES(key, 32), &wrapped));
    struct cx_secret out = CX_SECRET_INIT;
    assert_ok(provider.unwrap(provider.self, tenant, aad, cx_buf_view(&wrapped), &out));
    assert_memory_equal(out.ptr, key, 32);
    cx_secret_clear(&out);
    assert_err(provider.unwrap(provider.self, other, aad, cx_buf_view(&wrapped), &out), CRYPTO);
    assert_err(provider.unwrap(provider.self, tenant, CX_BYTES_NONE, cx_buf_view(&wrapped), &out),
               CRYPTO);
    kek_free(kek);
}

static void mac_pieces_cannot_be_shifted(void **state)
{
    (void)state;
    SCRATCH dir;
    scratch_make(&dir);
    struct paths paths = make_kek(&dir);
    struct cx_diag diag = CX_DIAG_INIT;
    struct kek *kek = NULL;
    assert_ok(open_kek(&dir, paths.unlock, &diag, &kek));
    const struct cx_bytes one[] = {cx_str_bytes(CX_STR("ab")), cx_str_bytes(CX_STR("c"))};
    const struct cx_bytes two[] = {cx_str_bytes(CX_STR("a")), cx_str_bytes(CX_STR("bc"))};
    uint8_t mac_one[KEK_LEN], mac_two[KEK_LEN];
    assert_ok(kek_mac(kek, KEK_ISSUER_MAC, (struct cx_id){{1}}, one, 2, mac_one));
    assert_ok(kek_mac(kek, KEK_ISSUER_MAC, (struct cx_id){{1}}, two, 2, mac_two));
    assert_memory_not_equal(mac_one, mac_two, KEK_LEN);
    kek_free(kek);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_with_its_secret_and_derives_the_same_keys),
        cmocka_unit_test(refuses_a_second_one),
        cmocka_unit_test(refuses_another_unlock_secret),
        cmocka_unit_test(refuses_a_missing_or_malformed_unlock_secret),
        cmocka_unit_test(tells_damage_from_a_wrong_secret),
        cmocka_unit_test(envelope_is_bound_to_key_and_place),
        cmocka_unit_test(provider_keeps_tenants_apart),
        cmocka_unit_test(mac_pieces_cannot_be_shifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
