#include "keys/signer.h"
#include "base/cleanup.h"
#include "os/file.h"

#include <fcntl.h>
#include <unistd.h>

enum { PIN_MAX = 128 };

static cx_err prepare_pkcs11(struct signer *signer, const struct signer_options *options,
                             struct cx_diag *diag)
{
    char module[OS_PATH_MAX], pin_path[OS_PATH_MAX];
    CX_TRY(os_path(module, "%.*s", CX_STR_ARG(options->pkcs11_module)));
    CX_TRY(os_path(pin_path, "%.*s", CX_STR_ARG(options->pkcs11_pin_file)));
    CX_CLEANUP(cx_secret_clear) struct cx_secret pin = CX_SECRET_INIT;
    cx_err err = os_file_read_secret(pin_path, PIN_MAX, &pin);
    if (cx_failed(err))
        return cx_refuse(diag, err, "pkcs11_pin_file", "pkcs11-pin",
                         "the PKCS#11 PIN file cannot be read");
    size_t len = pin.len;
    while (len > 0 && (pin.ptr[len - 1] == '\n' || pin.ptr[len - 1] == '\r'))
        len--;
    const struct backend_pkcs11_options token = {.module = module, .pin = CX_BYTES(pin.ptr, len)};
    CX_TRY(backend_pkcs11_new(&token, diag, &signer->backends[signer->backend_count]));
    signer->backend_count++;
    return CX_OK;
}

cx_err signer_prepare(struct signer *signer, const struct signer_options *options,
                      struct cx_diag *diag)
{
    *signer = (struct signer){.is_drill = options->is_drill, .is_ceremony = options->is_ceremony};
    cx_clock_system(&signer->clock);
    cx_rng_system(&signer->rng);
    CX_TRY(os_path(signer->dir, "%s", options->dir));
    CX_TRY(kek_read_unlock(options->unlock_path, diag, &signer->unlock));
    if (options->pkcs11_module.len > 0)
        CX_TRY(prepare_pkcs11(signer, options, diag));
    return CX_OK;
}

/* Ceremonies have a journal of their own: the online process keeps its own open. */
static cx_err open_journal(struct signer *signer, struct cx_diag *diag)
{
    char path[OS_PATH_MAX];
    CX_TRY(
        os_path(path, "%s/%s", signer->dir, signer->is_ceremony ? "journal-ceremony" : "journal"));
    CX_TRY(os_mkdir(path, 0700, (uid_t)-1, (gid_t)-1));
    CX_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return cx_refuse(diag, CX_ERR(IO), "", "", "the journal's directory cannot be opened");
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(kek_derive(signer->kek, KEK_JOURNAL, (struct cx_id){{0}}, &key));
    const struct journal_options options = {
        .dir_fd = fd, .clock = &signer->clock, .mac_key = cx_secret_view(&key)};
    return journal_open(&options, diag, &signer->journal);
}

/* Beside DIR/keys, since core reads them too. */
static cx_err open_key_lists(struct signer *signer)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%s/../key-lists", signer->dir));
    return crypto_key_lists_new(path, &signer->key_lists);
}

cx_err signer_open(struct signer *signer, struct cx_diag *diag)
{
    CX_TRY(kek_open(signer->dir, &signer->unlock, diag, &signer->kek));
    cx_secret_clear(&signer->unlock);
    signer->provider = kek_sealed_file_provider(signer->kek);
    CX_TRY(backend_file_new(signer->kek, &signer->rng, &signer->backends[signer->backend_count]));
    signer->backend_count++;
    const struct issuer_dir_options options = {signer->dir, signer->kek, signer->backends,
                                               signer->backend_count};
    CX_TRY(issuer_dir_new(&options, &signer->issuers));
    CX_TRY(profile_dir_new(signer->dir, signer->kek, &signer->profiles));
    CX_TRY(open_key_lists(signer));
    return open_journal(signer, diag);
}

void signer_close(struct signer *signer)
{
    journal_close(signer->journal);
    crypto_key_lists_free(signer->key_lists);
    profile_dir_free(signer->profiles);
    issuer_dir_free(signer->issuers);
    for (size_t i = 0; i < signer->backend_count; i++) {
        if (strcmp(signer->backends[i].name, "pkcs11") == 0)
            backend_pkcs11_free(&signer->backends[i]);
        else
            backend_file_free(&signer->backends[i]);
    }
    kek_free(signer->kek);
    cx_secret_clear(&signer->unlock);
    *signer = (struct signer){.dir = {0}};
}

cx_err signer_set_clock(struct signer *signer, int64_t offset_us, struct cx_diag *diag)
{
    if (!signer->is_drill)
        return cx_refuse(diag, CX_ERR(DENIED), "", "not-a-drill",
                         "only a drill instance accepts a simulated clock");
    signer->clock.offset_us = offset_us;
    return CX_OK;
}
