/* Proofs of RFC 6962 §2.1.1 and §2.1.2; verification as RFC 9162 §2.1.3.2 and §2.1.4.2 write it out. */
#include "core/audit/merkle_internal.h"

/* MTH of leaves[0 … size). */
static cx_err subtree_root(const struct merkle_hash *leaves, uint64_t size,
                           struct merkle_hash *ret_root)
{
    struct merkle_tree tree = {0};
    for (uint64_t i = 0; i < size; i++)
        CX_TRY(merkle_append(&tree, &leaves[i]));
    return merkle_root(&tree, ret_root);
}

/* The largest power of two below size (size > 1). */
static uint64_t split_of(uint64_t size)
{
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* Collected from the root down; the proof runs the other way. */
static cx_err push(struct merkle_proof *proof, const struct merkle_hash *leaves, uint64_t size)
{
    if (proof->count >= MERKLE_DEPTH_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(subtree_root(leaves, size, &proof->path[proof->count]));
    proof->count++;
    return CX_OK;
}

static void reverse(struct merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct merkle_hash hash = proof->path[i];
        proof->path[i] = proof->path[proof->count - 1 - i];
        proof->path[proof->count - 1 - i] = hash;
    }
}

cx_err merkle_inclusion_prove(const struct merkle_hash *leaves, uint64_t size, uint64_t index,
                              struct merkle_proof *ret_proof)
{
    if (index >= size)
        return CX_ERR(PARSE);
    struct merkle_proof proof = {0};
    while (size > 1) {
        uint64_t split = split_of(size);
        if (index < split) {
            CX_TRY(push(&proof, leaves + split, size - split));
            size = split;
        } else {
            CX_TRY(push(&proof, leaves, split));
            leaves += split;
            index -= split;
            size -= split;
        }
    }
    reverse(&proof);
    *ret_proof = proof;
    return CX_OK;
}

cx_err merkle_prover_start(uint64_t size, uint64_t index, struct merkle_prover *ret_prover)
{
    if (index >= size)
        return CX_ERR(PARSE);
    struct merkle_prover prover = {.size = size, .index = index};
    uint64_t first = 0, end = size;
    while (end - first > 1) {
        uint64_t middle = first + split_of(end - first);
        bool left = index < middle;
        if (prover.count >= MERKLE_DEPTH_MAX)
            return CX_ERR(LIMIT);
        prover.starts[prover.count] = left ? middle : first;
        prover.ends[prover.count++] = left ? end : middle;
        first = left ? first : middle;
        end = left ? middle : end;
    }
    *ret_prover = prover;
    return CX_OK;
}

/* The subtree of the path that the leaf belongs to; count when it is the one that is proved. */
static size_t part_of(const struct merkle_prover *prover, uint64_t index)
{
    size_t i = 0;
    while (i < prover->count && (index < prover->starts[i] || index >= prover->ends[i]))
        i++;
    return i;
}

cx_err merkle_prover_take(struct merkle_prover *prover, const struct merkle_hash *leaf)
{
    size_t part = part_of(prover, prover->next);
    if (prover->next >= prover->size)
        return CX_ERR(PARSE);
    prover->next++;
    if (part == prover->count)
        return CX_OK;
    CX_TRY(merkle_append(&prover->part, leaf));
    if (prover->next < prover->ends[part])
        return CX_OK;
    CX_TRY(merkle_root(&prover->part, &prover->roots[part]));
    prover->part = (struct merkle_tree){0};
    return CX_OK;
}

cx_err merkle_prover_finish(const struct merkle_prover *prover, struct merkle_proof *ret_proof)
{
    if (prover->next != prover->size)
        return CX_ERR(PARSE);
    struct merkle_proof proof = {.count = prover->count};
    for (size_t i = 0; i < prover->count; i++)
        proof.path[i] = prover->roots[prover->count - 1 - i];
    *ret_proof = proof;
    return CX_OK;
}

/* RFC 9162 §2.1.3.2. */
cx_err merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                               const struct merkle_proof *proof, const struct merkle_hash *root)
{
    if (index >= size || proof->count > MERKLE_DEPTH_MAX)
        return CX_ERR(PARSE);
    uint64_t node = index, last = size - 1;
    struct merkle_hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0)
            return CX_ERR(CRYPTO);
        if (node & 1 || node == last) {
            CX_TRY(merkle_node(&proof->path[i], &hash, &hash));
            while (!(node & 1) && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            CX_TRY(merkle_node(&hash, &proof->path[i], &hash));
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && merkle_hash_eq(&hash, root) ? CX_OK : CX_ERR(CRYPTO);
}

/* SUBPROOF(m, D, whole): whole says that the old tree is exactly this subtree, whose root is known. */
cx_err merkle_consistency_prove(const struct merkle_hash *leaves, uint64_t size, uint64_t old_size,
                                struct merkle_proof *ret_proof)
{
    if (old_size == 0 || old_size > size)
        return CX_ERR(PARSE);
    struct merkle_proof proof = {0};
    bool whole = true;
    while (old_size != size) {
        uint64_t split = split_of(size);
        if (old_size <= split) {
            CX_TRY(push(&proof, leaves + split, size - split));
            size = split;
        } else {
            CX_TRY(push(&proof, leaves, split));
            leaves += split;
            old_size -= split;
            size -= split;
            whole = false;
        }
    }
    if (!whole)
        CX_TRY(push(&proof, leaves, size));
    reverse(&proof);
    *ret_proof = proof;
    return CX_OK;
}

/* RFC 9162 §2.1.4.2 steps 4 to 6, with the path's first element given. */
static cx_err climb(uint64_t node, uint64_t last, struct merkle_hash first,
                    const struct merkle_hash *path, size_t count,
                    const struct merkle_hash *old_root, const struct merkle_hash *root)
{
    while (node & 1) {
        node >>= 1;
        last >>= 1;
    }
    struct merkle_hash old_hash = first, new_hash = first;
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return CX_ERR(CRYPTO);
        if (node & 1 || node == last) {
            CX_TRY(merkle_node(&path[i], &old_hash, &old_hash));
            CX_TRY(merkle_node(&path[i], &new_hash, &new_hash));
            while (!(node & 1) && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            CX_TRY(merkle_node(&new_hash, &path[i], &new_hash));
        }
        node >>= 1;
        last >>= 1;
    }
    bool holds =
        last == 0 && merkle_hash_eq(&old_hash, old_root) && merkle_hash_eq(&new_hash, root);
    return holds ? CX_OK : CX_ERR(CRYPTO);
}

cx_err merkle_consistency_verify(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                                 const struct merkle_hash *old_root, const struct merkle_hash *root)
{
    if (old_size == 0 || old_size > size || proof->count > MERKLE_DEPTH_MAX)
        return CX_ERR(PARSE);
    if (old_size == size)
        return proof->count == 0 && merkle_hash_eq(old_root, root) ? CX_OK : CX_ERR(CRYPTO);
    if (proof->count == 0)
        return CX_ERR(CRYPTO);
    if ((old_size & (old_size - 1)) ==
        0) /* a complete subtree: its root is where the path starts */
        return climb(old_size - 1, size - 1, *old_root, proof->path, proof->count, old_root, root);
    return climb(old_size - 1, size - 1, proof->path[0], proof->path + 1, proof->count - 1,
                 old_root, root);
}

cx_err merkle_growth_verify(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                            const struct merkle_hash *old_root, const struct merkle_hash *root)
{
    if (old_size == 0)
        return proof->count == 0 ? CX_OK : CX_ERR(CRYPTO);
    return merkle_consistency_verify(old_size, size, proof, old_root, root);
}
