#include "core/audit/merkle.h"
#include "core/audit/merkle_internal.h"
#include "crypto/hash.h"

static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

bool merkle_hash_eq(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return cx_bytes_eq(CX_BYTES(a->b, sizeof(a->b)), CX_BYTES(b->b, sizeof(b->b)));
}

cx_err merkle_leaf(struct cx_bytes entry, struct merkle_hash *ret_hash)
{
    const struct cx_bytes pieces[] = {CX_BYTES(&leaf_prefix, 1), entry};
    return crypto_digest(CRYPTO_SHA256, pieces, 2, ret_hash->b);
}

cx_err merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                   struct merkle_hash *ret_hash)
{
    uint8_t node[1 + 2 * MERKLE_HASH_LEN] = {node_prefix};
    memcpy(node + 1, left->b, MERKLE_HASH_LEN);
    memcpy(node + 1 + MERKLE_HASH_LEN, right->b, MERKLE_HASH_LEN);
    return crypto_sha256(CX_BYTES(node, sizeof(node)), ret_hash->b);
}

size_t merkle_frontier_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

/* Adding one to the size carries over its trailing ones: each carry joins two subtrees of equal size. */
cx_err merkle_append(struct merkle_tree *tree, const struct merkle_hash *leaf)
{
    if (tree->size >= INT64_MAX)
        return CX_ERR(LIMIT);
    size_t count = merkle_frontier_count(tree->size);
    struct merkle_hash hash = *leaf;
    for (uint64_t bits = tree->size; bits & 1; bits >>= 1)
        CX_TRY(merkle_node(&tree->frontier[--count], &hash, &hash));
    tree->frontier[count] = hash;
    tree->size++;
    return CX_OK;
}

cx_err merkle_root(const struct merkle_tree *tree, struct merkle_hash *ret_root)
{
    size_t count = merkle_frontier_count(tree->size);
    if (count == 0)
        return crypto_sha256(CX_BYTES_NONE, ret_root->b);
    struct merkle_hash hash = tree->frontier[count - 1];
    for (size_t i = count - 1; i > 0; i--)
        CX_TRY(merkle_node(&tree->frontier[i - 1], &hash, &hash));
    *ret_root = hash;
    return CX_OK;
}

cx_err merkle_frontier_read(uint64_t size, struct cx_bytes bytes, struct merkle_tree *ret_tree)
{
    if (size > INT64_MAX || bytes.len != merkle_frontier_count(size) * MERKLE_HASH_LEN)
        return CX_ERR(PARSE);
    struct merkle_tree tree = {.size = size};
    if (bytes.len)
        memcpy(tree.frontier, bytes.ptr, bytes.len);
    *ret_tree = tree;
    return CX_OK;
}
