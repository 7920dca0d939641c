/*
 * The Merkle tree of RFC 6962 §2.1 with SHA-256: appending, roots and proofs. Pure functions.
 *
 * A tree that only grows needs its frontier alone: the roots of its complete subtrees, largest first, one for each
 * bit that is set in its size. Proofs are made from leaf hashes in memory; verification needs none.
 * Errors: CX_E_CRYPTO when a proof does not hold, CX_E_PARSE when sizes and indexes make no sense, CX_E_LIMIT.
 */
#pragma once
#include "base/bytes.h"

enum { MERKLE_HASH_LEN = 32, MERKLE_DEPTH_MAX = 64 };

struct merkle_hash {
    uint8_t b[MERKLE_HASH_LEN];
};

struct merkle_tree {
    uint64_t size;
    struct merkle_hash frontier[MERKLE_DEPTH_MAX];
};

/* SHA-256(0x00 ‖ entry). */
cx_err merkle_leaf(struct cx_bytes entry, struct merkle_hash *ret_hash);
cx_err merkle_append(struct merkle_tree *tree, const struct merkle_hash *leaf);
/* The empty tree's root is SHA-256(""). */
cx_err merkle_root(const struct merkle_tree *tree, struct merkle_hash *ret_root);

/* The frontier as stored: popcount(size) hashes of 32 bytes. */
size_t merkle_frontier_count(uint64_t size);
cx_err merkle_frontier_read(uint64_t size, struct cx_bytes bytes, struct merkle_tree *ret_tree);
static inline struct cx_bytes merkle_frontier_view(const struct merkle_tree *tree)
{
    return CX_BYTES(tree->frontier, merkle_frontier_count(tree->size) * MERKLE_HASH_LEN);
}

bool merkle_hash_eq(const struct merkle_hash *a, const struct merkle_hash *b);

struct merkle_proof {
    size_t count;
    struct merkle_hash path[MERKLE_DEPTH_MAX];
};

/* That the leaf at index is in the tree of the first size leaves; RFC 6962 §2.1.1. */
cx_err merkle_inclusion_prove(const struct merkle_hash *leaves, uint64_t size, uint64_t index,
                              struct merkle_proof *ret_proof);
/* The same from leaves that come one after the other, in constant memory: start, then every leaf from index 0 on, then
 * finish (CX_E_PARSE when leaves are missing). */
struct merkle_prover {
    uint64_t size, index, next;
    struct merkle_tree part;
    size_t count;
    uint64_t starts[MERKLE_DEPTH_MAX],
        ends[MERKLE_DEPTH_MAX]; /* subtrees of the path, root first */
    struct merkle_hash roots[MERKLE_DEPTH_MAX];
};
cx_err merkle_prover_start(uint64_t size, uint64_t index, struct merkle_prover *ret_prover);
cx_err merkle_prover_take(struct merkle_prover *prover, const struct merkle_hash *leaf);
cx_err merkle_prover_finish(const struct merkle_prover *prover, struct merkle_proof *ret_proof);
cx_err merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                               const struct merkle_proof *proof, const struct merkle_hash *root);

/* That the tree of old_size leaves is a prefix of the tree of size leaves; RFC 6962 §2.1.2. An old size of 0 is
 * refused: nothing is proved about an empty tree. */
cx_err merkle_consistency_prove(const struct merkle_hash *leaves, uint64_t size, uint64_t old_size,
                                struct merkle_proof *ret_proof);
cx_err merkle_consistency_verify(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                                 const struct merkle_hash *old_root,
                                 const struct merkle_hash *root);
/* The same as a witness asks it (C2SP tlog-witness): from size 0, with an empty proof, every tree is reached. */
cx_err merkle_growth_verify(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                            const struct merkle_hash *old_root, const struct merkle_hash *root);
