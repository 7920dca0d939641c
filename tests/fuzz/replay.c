/*
 * Runs a fuzz target without a fuzzer: on the empty input, on every file of the directories given,
 * on every truncation of each file's first bytes and on seeded mutations of it. Fails when there is
 * no file.
 */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "base/rng.h"

#include <dirent.h>
#include <fcntl.h>

enum { FILE_MAX = 1 << 20, TRUNCATIONS = 300, MUTATIONS = 300, CHANGES_MAX = 4 };

/* A copy of exactly that size, so that the address sanitizer sees a read beyond it. */
static void run(const uint8_t *data, size_t size)
{
    CX_AUTO_FREE uint8_t *exact = malloc(size ? size : 1);
    FUZZ_REQUIRE(exact != NULL);
    if (size)
        memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
}

static void run_mutations(struct cx_bytes seed, struct cx_rng *rng)
{
    CX_AUTO_FREE uint8_t *copy = malloc(seed.len);
    FUZZ_REQUIRE(copy != NULL);
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(copy, seed.ptr, seed.len);
        uint8_t random[1 + 5 * CHANGES_MAX];
        FUZZ_REQUIRE(cx_is_ok(cx_rng_fill(rng, random, sizeof(random))));
        for (int change = 0; change <= random[0] % CHANGES_MAX; change++) {
            const uint8_t *r = random + 1 + 5 * change;
            size_t at = ((size_t)r[0] << 16 | (size_t)r[1] << 8 | r[2]) % seed.len;
            copy[at] = (uint8_t)(r[3] & 1 ? r[4] : copy[at] ^ 1u << (r[4] & 7));
        }
        run(copy, seed.len);
    }
}

static void run_file(int dir_fd, const char *name)
{
    CX_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    FUZZ_REQUIRE(fd >= 0);
    CX_AUTO_FREE uint8_t *data = malloc(FILE_MAX);
    FUZZ_REQUIRE(data != NULL);
    ssize_t size = read(fd, data, FILE_MAX);
    FUZZ_REQUIRE(size >= 0);
    run(data, (size_t)size);
    if (size == 0)
        return;
    for (size_t len = 1; len < (size_t)size && len <= TRUNCATIONS; len++)
        run(data, len);
    struct cx_rng rng;
    cx_rng_seeded(&rng, (uint64_t)size);
    run_mutations(CX_BYTES(data, (size_t)size), &rng);
}

static size_t run_directory(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return 0;
    }
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        run_file(dirfd(dir), entry->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    run(NULL, 0);
    size_t count = 0;
    for (int i = 1; i < argc; i++)
        count += run_directory(argv[i]);
    printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
