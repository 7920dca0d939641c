#include "keys/profile_dir.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "crypto/hash.h"
#include "os/file.h"

#include <pthread.h>
#include <stdlib.h>

enum { NAME_MAX_LEN = 64, ARENA_MAX = 512 * 1024, KEY_MAX = 16 + NAME_MAX_LEN + 16 };

struct loaded_profile {
    struct arena arena;
    struct pki_profile profile;
};

struct profile_dir {
    char dir[OS_PATH_MAX];
    struct kek *kek;
    pthread_mutex_t lock;
    struct cx_map profiles; /* tenant, name, version → struct loaded_profile */
};

static void loaded_free(void *value)
{
    struct loaded_profile *loaded = value;
    if (loaded == NULL)
        return;
    arena_clear(&loaded->arena);
    free(loaded);
}

static void loaded_freep(struct loaded_profile **loaded)
{
    loaded_free(*loaded);
}

cx_err profile_dir_new(const char *dir, struct kek *kek, struct profile_dir **ret_dir)
{
    struct profile_dir *profiles = calloc(1, sizeof(*profiles));
    if (profiles == NULL)
        return CX_ERR(NOMEM);
    cx_err err = os_path(profiles->dir, "%s/profile", dir);
    if (cx_failed(err)) {
        free(profiles);
        return err;
    }
    profiles->kek = kek;
    profiles->profiles = CX_MAP_INIT(PROFILES_MAX);
    pthread_mutex_init(&profiles->lock, NULL);
    *ret_dir = profiles;
    return CX_OK;
}

void profile_dir_free(struct profile_dir *dir)
{
    if (dir == NULL)
        return;
    cx_map_clear(&dir->profiles, loaded_free);
    pthread_mutex_destroy(&dir->lock);
    free(dir);
}

/* The name becomes a file name: it is checked before it does. */
static bool is_name(struct cx_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return name.len > 0 && name.len <= NAME_MAX_LEN;
}

static cx_err file_path(const struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                        uint32_t version, const char *ending, char ret_path[static OS_PATH_MAX])
{
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_TENANT, tenant_id, id);
    return os_path(ret_path, "%s/%s/%.*s-%u.%s", dir->dir, id, CX_STR_ARG(name), version, ending);
}

static cx_err compute_mac(const struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                          uint32_t version, struct cx_bytes yaml, uint8_t ret_mac[static KEK_LEN])
{
    const uint8_t number[4] = {(uint8_t)version, (uint8_t)(version >> 8), (uint8_t)(version >> 16),
                               (uint8_t)(version >> 24)};
    const struct cx_bytes pieces[] = {cx_str_bytes(name), CX_BYTES(number, sizeof(number)), yaml};
    return kek_mac(dir->kek, KEK_PROFILE_MAC, tenant_id, pieces, CX_COUNT_OF(pieces), ret_mac);
}

static cx_err parse(struct cx_bytes yaml, struct cx_diag *diag, struct loaded_profile **ret_loaded)
{
    CX_CLEANUP(loaded_freep) struct loaded_profile *loaded = calloc(1, sizeof(*loaded));
    if (loaded == NULL)
        return CX_ERR(NOMEM);
    loaded->arena = ARENA_INIT(ARENA_MAX);
    CX_TRY(pki_profile_parse(&loaded->arena, yaml, diag, &loaded->profile));
    *ret_loaded = CX_TAKE(loaded);
    return CX_OK;
}

static cx_err load(const struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                   uint32_t version, struct cx_diag *diag, struct loaded_profile **ret_loaded)
{
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf yaml = CX_BUF_INIT(PROFILE_YAML_MAX), mac = CX_BUF_INIT(KEK_LEN);
    CX_TRY(file_path(dir, tenant_id, name, version, "mac", path));
    cx_err err = os_file_read(path, KEK_LEN, &mac);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(diag, err, "/profile", "profile-unknown",
                         "the keys process has no such profile version: install it by ceremony");
    if (cx_failed(err) && err.code != CX_E_LIMIT)
        return err;
    CX_TRY(file_path(dir, tenant_id, name, version, "yaml", path));
    CX_TRY(os_file_read(path, PROFILE_YAML_MAX, &yaml));
    uint8_t expected[KEK_LEN];
    CX_TRY(compute_mac(dir, tenant_id, name, version, cx_buf_view(&yaml), expected));
    if (cx_failed(err) || !crypto_ct_equal(CX_BYTES(expected, sizeof(expected)), cx_buf_view(&mac)))
        return cx_refuse(diag, CX_ERR(CRYPTO), "/profile", "profile-altered",
                         "the keys process's copy of this profile was altered");
    return parse(cx_buf_view(&yaml), diag, ret_loaded);
}

static struct cx_bytes map_key(uint8_t key[static KEY_MAX], struct cx_id tenant_id,
                               struct cx_str name, uint32_t version)
{
    memcpy(key, tenant_id.b, sizeof(tenant_id.b));
    int len = snprintf((char *)key + 16, KEY_MAX - 16, "%.*s-%u", CX_STR_ARG(name), version);
    return CX_BYTES(key, 16 + (size_t)len);
}

static cx_err get_locked(struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                         uint32_t version, struct cx_diag *diag,
                         const struct pki_profile **ret_profile)
{
    uint8_t key_bytes[KEY_MAX];
    struct cx_bytes key = map_key(key_bytes, tenant_id, name, version);
    struct loaded_profile *found = cx_map_get(&dir->profiles, key);
    if (found == NULL) {
        CX_CLEANUP(loaded_freep) struct loaded_profile *loaded = NULL;
        CX_TRY(load(dir, tenant_id, name, version, diag, &loaded));
        CX_TRY(cx_map_put(&dir->profiles, key, loaded, NULL));
        found = CX_TAKE(loaded);
    }
    *ret_profile = &found->profile;
    return CX_OK;
}

cx_err profile_dir_get(struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                       uint32_t version, struct cx_diag *diag,
                       const struct pki_profile **ret_profile)
{
    if (!is_name(name))
        return cx_refuse(diag, CX_ERR(NOTFOUND), "/profile", "profile-unknown",
                         "this is not the name of a profile");
    pthread_mutex_lock(&dir->lock);
    cx_err err = get_locked(dir, tenant_id, name, version, diag, ret_profile);
    pthread_mutex_unlock(&dir->lock);
    return err;
}

static cx_err write_files(const struct profile_dir *dir, struct cx_id tenant_id,
                          const struct pki_profile *profile, struct cx_bytes yaml,
                          struct cx_diag *diag)
{
    char id[CX_ID_TEXT_MAX], path[OS_PATH_MAX];
    uint8_t mac[KEK_LEN];
    cx_id_format(CX_ID_TENANT, tenant_id, id);
    CX_TRY(os_mkdir(dir->dir, 0700, (uid_t)-1, (gid_t)-1));
    CX_TRY(os_path(path, "%s/%s", dir->dir, id));
    CX_TRY(os_mkdir(path, 0700, (uid_t)-1, (gid_t)-1));
    CX_TRY(compute_mac(dir, tenant_id, profile->name, profile->version, yaml, mac));
    CX_TRY(file_path(dir, tenant_id, profile->name, profile->version, "yaml", path));
    cx_err err = os_file_create(path, yaml, 0400);
    if (err.code == CX_E_CONFLICT) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf old = CX_BUF_INIT(PROFILE_YAML_MAX);
        CX_TRY(os_file_read(path, PROFILE_YAML_MAX, &old));
        if (!cx_bytes_eq(cx_buf_view(&old), yaml))
            return cx_refuse(
                diag, CX_ERR(CONFLICT), "version", "profile-exists",
                "this version is installed with another text: give the change a new version");
        err = CX_OK;
    }
    CX_TRY(err);
    CX_TRY(file_path(dir, tenant_id, profile->name, profile->version, "mac", path));
    return os_file_write(path, CX_BYTES(mac, sizeof(mac)), 0400);
}

cx_err profile_dir_install(struct profile_dir *dir, struct cx_id tenant_id, struct cx_bytes yaml,
                           struct cx_diag *diag, const struct pki_profile **ret_profile)
{
    if (yaml.len > PROFILE_YAML_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "profile-too-long",
                         "a profile has at most 64 KiB");
    CX_CLEANUP(loaded_freep) struct loaded_profile *loaded = NULL;
    CX_TRY(parse(yaml, diag, &loaded));
    if (!is_name(loaded->profile.name))
        return cx_refuse(diag, CX_ERR(PARSE), "name", "profile-name",
                         "a profile's name is 1 to 64 of a-z, 0-9 and '-'");
    CX_TRY(write_files(dir, tenant_id, &loaded->profile, yaml, diag));
    return profile_dir_get(dir, tenant_id, loaded->profile.name, loaded->profile.version, diag,
                           ret_profile);
}
