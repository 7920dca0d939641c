/* Between merkle.c and merkle_proof.c. */
#pragma once
#include "core/audit/merkle.h"

/* SHA-256(0x01 ‖ left ‖ right). ret_hash may be one of them. */
cx_err merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                   struct merkle_hash *ret_hash);
