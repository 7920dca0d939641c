/*
 * Tags and the expressions over them that a binding's scope is written in:
 *
 *   env=prod & team=web|team=shop          every clause has to hold; "|" separates the alternatives of one
 *   site="Hall 7 & yard"                   a value with other characters stands in quotes, \" and \\ inside
 *
 * There is no "not" and no wildcard, on purpose: a clause holds only for an object that carries one of its tags, so
 * no expression holds for everything, not even by accident. Who means everything says so (a binding's `all`).
 * Pure functions; what is returned is in the arena, views into text included.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"

struct access_tag {
    struct cx_str name, value;
};

enum { TAG_CLAUSES_MAX = 8, TAG_ALTERNATIVES_MAX = 8, TAG_NAME_MAX = 64, TAG_VALUE_MAX = 800 };
enum { TAG_EXPRESSION_MAX = 4096 };

struct tag_clause {
    struct access_tag *tags; /* alternatives, at least one */
    size_t count;
};
struct tag_expression {
    struct tag_clause *clauses; /* at least one */
    size_t count;
};

/* CX_E_PARSE with field "tags" and rule "tag-expression-form"; CX_E_POLICY with rule "scope-everything" for a text
 * that asks for everything: empty, or "*" for a value. */
cx_err tag_expression_parse(struct arena *arena, struct cx_str text, struct cx_diag *diag,
                            struct tag_expression *ret_expression);
/* The one spelling of an expression: parsing it again gives the same. */
cx_err tag_expression_write(struct arena *arena, const struct tag_expression *expression,
                            struct cx_str *ret_text);
bool tag_expression_holds(const struct tag_expression *expression, const struct access_tag *tags,
                          size_t count);
