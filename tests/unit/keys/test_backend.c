#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "keys/backend.h"
#include "os/file.h"
#include "scratch_dir.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <sys/stat.h>
#include <sys/wait.h>

static const struct cx_id issuer = {{5}};

static struct kek *make_kek(const struct scratch_dir *dir)
{
    char unlock_path[OS_PATH_MAX];
    struct cx_rng rng;
    struct cx_diag diag = CX_DIAG_INIT;
    struct kek *kek = NULL;
    cx_rng_system(&rng);
    assert_ok(os_path(unlock_path, "%s/unlock", dir->path));
    assert_ok(kek_create(dir->path, unlock_path, &rng, &diag));
    CX_CLEANUP(cx_secret_clear) struct cx_secret unlock = CX_SECRET_INIT;
    assert_ok(kek_read_unlock(unlock_path, &diag, &unlock));
    assert_ok(kek_open(dir->path, &unlock, &diag, &kek));
    return kek;
}

/* The key signs, and its SPKI verifies the signature. */
static void check_signs(const struct backend_key *key)
{
    const struct cx_bytes message = cx_str_bytes(CX_STR("to be signed"));
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    assert_ok(key->sign(key, message, &signature));
    CX_CLEANUP(crypto_key_freep) struct crypto_key *public_key = NULL;
    assert_ok(crypto_key_from_spki(key->spki, &public_key));
    assert_int_equal(crypto_key_type(public_key), key->type);
    assert_ok(crypto_verify(public_key, crypto_key_signature(key->type), message,
                            cx_buf_view(&signature)));
    assert_err(crypto_verify(public_key, crypto_key_signature(key->type),
                             cx_str_bytes(CX_STR("other")), cx_buf_view(&signature)),
               CRYPTO);
}

static void file_keys_are_sealed_to_their_issuer(void **state)
{
    (void)state;
    SCRATCH dir, other_dir;
    scratch_make(&dir);
    scratch_make(&other_dir);
    struct kek *kek = make_kek(&dir), *other_kek = make_kek(&other_dir);
    struct cx_rng rng;
    cx_rng_system(&rng);
    struct backend backend, other_backend;
    assert_ok(backend_file_new(kek, &rng, &backend));
    assert_ok(backend_file_new(other_kek, &rng, &other_backend));
    struct backend_place place = {.dir = dir.path, .issuer_id = issuer, .name = "key"};
    struct cx_diag diag = CX_DIAG_INIT;
    struct backend_key *key = NULL, *loaded = NULL;
    assert_err(backend.load(backend.self, &place, &diag, &key), NOTFOUND);
    for (enum crypto_key_type type = CRYPTO_KEY_P256; type < CRYPTO_KEY_COUNT; type++) {
        if (type == CRYPTO_KEY_RSA3072 || type == CRYPTO_KEY_RSA4096)
            continue; /* slow to make, and the same code as RSA-2048 */
        place.name = crypto_key_type_name(type);
        assert_ok(backend.create(backend.self, &place, type, &diag, &key));
        assert_ok(backend.load(backend.self, &place, &diag, &loaded));
        assert_int_equal(loaded->type, type);
        assert_bytes(loaded->spki, key->spki.ptr, key->spki.len);
        check_signs(loaded);
        backend_key_free(key);
        backend_key_free(loaded);
        key = loaded = NULL;
    }
    assert_err(backend.create(backend.self, &place, CRYPTO_KEY_P256, &diag, &key), CONFLICT);
    struct backend_place moved = place;
    moved.issuer_id.b[0]++;
    diag = CX_DIAG_INIT;
    assert_err(backend.load(backend.self, &moved, &diag, &key), CRYPTO);
    assert_string_equal(diag.rule, "key-damaged");
    assert_err(other_backend.load(other_backend.self, &place, &diag, &key), CRYPTO);
    assert_err(backend.import(backend.self, &moved, cx_str_bytes(CX_STR("not a key")), &diag, &key),
               PARSE);
    assert_null(key);
    backend_file_free(&backend);
    backend_file_free(&other_backend);
    kek_free(kek);
    kek_free(other_kek);
}

static const char *const module_paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
                                           "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"};

static const char *find_module(void)
{
    for (size_t i = 0; i < sizeof(module_paths) / sizeof(module_paths[0]); i++)
        if (os_file_exists(module_paths[i]))
            return module_paths[i];
    return NULL;
}

static void make_token(const struct scratch_dir *dir, const char *label)
{
    char path[OS_PATH_MAX], text[OS_PATH_MAX + 64];
    assert_ok(os_path(path, "%s/softhsm.conf", dir->path));
    (void)snprintf(text, sizeof(text),
                   "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
                   dir->path);
    assert_ok(os_file_write(path, cx_str_bytes(cx_str_from(text)), 0600));
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL)
            execlp("softhsm2-util", "softhsm2-util", "--init-token", "--free", "--label", label,
                   "--pin", "1234", "--so-pin", "5678", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void token_keys_sign_and_are_found_again(void **state)
{
    (void)state;
    const char *module = find_module();
    if (module == NULL) {
        print_message("SKIP: softhsm2 is not installed\n");
        skip();
    }
    SCRATCH dir;
    scratch_make(&dir);
    make_token(&dir, "ca-keys");
    struct backend_pkcs11_options options = {
        .module = module, .token = CX_STR("ca-keys"), .pin = cx_str_bytes(CX_STR("1234"))};
    struct backend backend = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    options.pin = cx_str_bytes(CX_STR("9999"));
    assert_err(backend_pkcs11_new(&options, &diag, &backend), AUTH);
    options.pin = cx_str_bytes(CX_STR("1234"));
    options.token = CX_STR("another");
    assert_err(backend_pkcs11_new(&options, &diag, &backend), NOTFOUND);
    options.token = CX_STR("ca-keys");
    assert_ok(backend_pkcs11_new(&options, &diag, &backend));
    const enum crypto_key_type types[] = {CRYPTO_KEY_P256, CRYPTO_KEY_P384, CRYPTO_KEY_RSA2048};
    struct backend_key *key = NULL;
    struct backend_place place = {.dir = dir.path, .issuer_id = issuer, .name = "key"};
    for (size_t i = 0; i < 3; i++) {
        place.label = cx_str_from(crypto_key_type_name(types[i]));
        assert_err(backend.load(backend.self, &place, &diag, &key), NOTFOUND);
        assert_ok(backend.create(backend.self, &place, types[i], &diag, &key));
        assert_int_equal(key->type, types[i]);
        check_signs(key);
        backend_key_free(key);
        key = NULL;
    }
    diag = CX_DIAG_INIT;
    assert_err(backend.create(backend.self, &place, CRYPTO_KEY_P256, &diag, &key), CONFLICT);
    assert_string_equal(diag.rule, "key-exists");
    assert_err(backend.create(backend.self, &place, CRYPTO_KEY_ED25519, &diag, &key), POLICY);
    backend_pkcs11_free(&backend);
    /* A new process finds the key, under the same issuer only. */
    assert_ok(backend_pkcs11_new(&options, &diag, &backend));
    assert_ok(backend.load(backend.self, &place, &diag, &key));
    check_signs(key);
    backend_key_free(key);
    key = NULL;
    place.issuer_id.b[3] = 1;
    assert_err(backend.load(backend.self, &place, &diag, &key), NOTFOUND);
    backend_pkcs11_free(&backend);
}

/* In a child: every session of the token ends under the back end's feet, as when it is pulled out and put back. */
static void lose_sessions(const char *module, const struct backend_key *key)
{
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL); /* the one that is loaded already */
    CK_FUNCTION_LIST *p11 = NULL;
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    *(void **)&get_list = library ? dlsym(library, "C_GetFunctionList") : NULL;
    if (!get_list || get_list(&p11) != CKR_OK ||
        p11->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
        _exit(2);
    for (CK_ULONG i = 0; i < count; i++)
        (void)p11->C_CloseAllSessions(slots[i]);
    for (int i = 0; i < 100; i++)
        CX_IGNORE(key->sign(key, CX_BYTES("x", 1), &signature));
    _exit(0); /* it went on answering "busy" */
}

static void a_lost_login_ends_the_process(void **state)
{
    (void)state;
    const char *module = find_module();
    if (module == NULL) {
        print_message("SKIP: softhsm2 is not installed\n");
        skip();
    }
    SCRATCH dir;
    scratch_make(&dir);
    make_token(&dir, "blinking");
    pid_t pid = fork(); /* the module lives in the child only */
    if (pid == 0) {
        const struct backend_pkcs11_options options = {
            .module = module, .token = CX_STR("blinking"), .pin = cx_str_bytes(CX_STR("1234"))};
        const struct backend_place place = {
            .dir = dir.path, .issuer_id = issuer, .name = "key", .label = CX_STR("blinking")};
        struct backend backend = {0};
        struct backend_key *key = NULL;
        struct cx_diag diag = CX_DIAG_INIT;
        if (cx_failed(backend_pkcs11_new(&options, &diag, &backend)) ||
            cx_failed(backend.create(backend.self, &place, CRYPTO_KEY_P256, &diag, &key)))
            _exit(3);
        lose_sessions(module, key);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

static void module_must_be_one(void **state)
{
    (void)state;
    struct backend backend = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    struct backend_pkcs11_options options = {.module = "/nonexistent.so",
                                             .pin = cx_str_bytes(CX_STR("1234"))};
    assert_err(backend_pkcs11_new(&options, &diag, &backend), IO);
    assert_string_equal(diag.rule, "pkcs11-module");
    options.module = "libm.so.6";
    assert_err(backend_pkcs11_new(&options, &diag, &backend), IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_keys_are_sealed_to_their_issuer),
        cmocka_unit_test(token_keys_sign_and_are_found_again),
        cmocka_unit_test(a_lost_login_ends_the_process),
        cmocka_unit_test(module_must_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
