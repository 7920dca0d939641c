/* RFC 6962 hashing against the published vectors, and every proof of every small tree, altered in every way. */
#include "tests/lib/test.h"
#include "tests/lib/hex.h"
#include "core/audit/merkle.h"

enum { LEAVES = 40 };

/* The eight inputs of the Certificate Transparency test suite (merkletree tests) and the roots of 1 … 8 of them. */
static const struct {
    const char *entry;
    size_t len;
    const char *root;
} vectors[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void test_vectors(void **state)
{
    (void)state;
    struct merkle_tree tree = {0};
    struct merkle_hash hash;
    assert_ok(merkle_root(&tree, &hash));
    assert_bytes(HEX("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), hash.b,
                 32);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_ok(merkle_leaf(CX_BYTES(vectors[i].entry, vectors[i].len), &hash));
        assert_ok(merkle_append(&tree, &hash));
        assert_ok(merkle_root(&tree, &hash));
        assert_bytes(HEX(vectors[i].root), hash.b, 32);
    }
}

static struct merkle_hash leaves[LEAVES];
static struct merkle_hash roots[LEAVES + 1];

static int make_trees(void **state)
{
    (void)state;
    struct merkle_tree tree = {0};
    cx_err made = merkle_root(&tree, &roots[0]);
    for (uint32_t i = 0; i < LEAVES && cx_is_ok(made); i++) {
        made = merkle_leaf(CX_BYTES(&i, sizeof(i)), &leaves[i]);
        if (cx_is_ok(made))
            made = merkle_append(&tree, &leaves[i]);
        if (cx_is_ok(made))
            made = merkle_root(&tree, &roots[i + 1]);
    }
    return cx_is_ok(made) ? 0 : -1;
}

static void test_frontier_storage(void **state)
{
    (void)state;
    struct merkle_tree tree = {0}, again;
    for (uint64_t size = 0; size < LEAVES; size++) {
        struct cx_bytes stored = merkle_frontier_view(&tree);
        assert_ok(merkle_frontier_read(size, stored, &again));
        struct merkle_hash root;
        assert_ok(merkle_root(&again, &root));
        assert_true(merkle_hash_eq(&root, &roots[size]));
        if (stored.len)
            assert_err(merkle_frontier_read(size, CX_BYTES(stored.ptr, stored.len - 1), &again),
                       PARSE);
        assert_ok(merkle_append(&tree, &leaves[size]));
    }
    assert_err(merkle_frontier_read(UINT64_MAX, CX_BYTES_NONE, &again), PARSE);
}

static void test_inclusion(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof;
            assert_ok(merkle_inclusion_prove(leaves, size, index, &proof));
            const struct merkle_hash *leaf = &leaves[index], *root = &roots[size];
            assert_ok(merkle_inclusion_verify(leaf, index, size, &proof, root));
            for (uint64_t other = 0; other < size; other++)
                if (other != index)
                    assert_err(merkle_inclusion_verify(leaf, other, size, &proof, root), CRYPTO);
            assert_err(merkle_inclusion_verify(leaf, index, size, &proof, &roots[size - 1]),
                       CRYPTO);
            for (size_t i = 0; i < proof.count; i++) {
                proof.path[i].b[i] ^= 1;
                assert_err(merkle_inclusion_verify(leaf, index, size, &proof, root), CRYPTO);
                proof.path[i].b[i] ^= 1;
            }
            proof.count++;
            assert_err(merkle_inclusion_verify(leaf, index, size, &proof, root), CRYPTO);
            if (proof.count > 1) {
                proof.count -= 2;
                assert_err(merkle_inclusion_verify(leaf, index, size, &proof, root), CRYPTO);
            }
        }
    }
    struct merkle_proof proof = {0};
    assert_err(merkle_inclusion_prove(leaves, 5, 5, &proof), PARSE);
    assert_err(merkle_inclusion_verify(&leaves[0], 0, 0, &proof, &roots[0]), PARSE);
}

/* Leaf by leaf the same proof comes out as from all leaves in memory. */
static void test_prover(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_prover prover;
            struct merkle_proof proof, expected;
            assert_ok(merkle_prover_start(size, index, &prover));
            for (uint64_t i = 0; i < size; i++) {
                assert_err(merkle_prover_finish(&prover, &proof), PARSE);
                assert_ok(merkle_prover_take(&prover, &leaves[i]));
            }
            assert_err(merkle_prover_take(&prover, &leaves[0]), PARSE);
            assert_ok(merkle_prover_finish(&prover, &proof));
            assert_ok(merkle_inclusion_prove(leaves, size, index, &expected));
            assert_int_equal(proof.count, expected.count);
            for (size_t i = 0; i < proof.count; i++)
                assert_true(merkle_hash_eq(&proof.path[i], &expected.path[i]));
        }
    }
    struct merkle_prover prover;
    assert_err(merkle_prover_start(5, 5, &prover), PARSE);
}

static void test_consistency(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++) {
        for (uint64_t old = 1; old <= size; old++) {
            struct merkle_proof proof;
            assert_ok(merkle_consistency_prove(leaves, size, old, &proof));
            assert_ok(merkle_consistency_verify(old, size, &proof, &roots[old], &roots[size]));
            assert_ok(merkle_growth_verify(old, size, &proof, &roots[old], &roots[size]));
            assert_err(merkle_consistency_verify(old, size, &proof, &roots[old - 1], &roots[size]),
                       CRYPTO);
            assert_err(merkle_consistency_verify(old, size, &proof, &roots[old], &roots[size - 1]),
                       CRYPTO);
            for (size_t i = 0; i < proof.count; i++) {
                proof.path[i].b[31 - i] ^= 1;
                assert_err(merkle_consistency_verify(old, size, &proof, &roots[old], &roots[size]),
                           CRYPTO);
                proof.path[i].b[31 - i] ^= 1;
            }
            proof.count++;
            assert_err(merkle_consistency_verify(old, size, &proof, &roots[old], &roots[size]),
                       CRYPTO);
        }
    }
}

/* Nothing is proved about the empty tree; a witness, however, starts from it. */
static void test_size_zero(void **state)
{
    (void)state;
    struct merkle_proof proof = {0};
    assert_err(merkle_consistency_prove(leaves, 5, 0, &proof), PARSE);
    assert_err(merkle_consistency_verify(0, 5, &proof, &roots[0], &roots[5]), PARSE);
    assert_err(merkle_consistency_verify(0, 0, &proof, &roots[0], &roots[0]), PARSE);
    assert_err(merkle_consistency_verify(6, 5, &proof, &roots[6], &roots[5]), PARSE);
    assert_ok(merkle_growth_verify(0, 5, &proof, &roots[0], &roots[5]));
    proof.count = 1;
    assert_err(merkle_growth_verify(0, 5, &proof, &roots[0], &roots[5]), CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),     cmocka_unit_test(test_frontier_storage),
        cmocka_unit_test(test_inclusion),   cmocka_unit_test(test_prover),
        cmocka_unit_test(test_consistency), cmocka_unit_test(test_size_zero),
    };
    return cmocka_run_group_tests_name("core/audit/merkle", tests, make_trees, NULL);
}
