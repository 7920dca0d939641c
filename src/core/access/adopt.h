/*
 * Role grants and token bits of schema versions before 20 become bindings, once, before core answers anybody: there is one
 * model of access, and this is the way into it. Each grant becomes one binding with its entry "system.binding.adopt".
 */
#pragma once
#include "base/err.h"

struct core;
cx_err access_adopt(struct core *core);
