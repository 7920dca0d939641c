/* The core process (docs/ARCHITECTURE.md): everything between the gate and the keys process. */
#pragma once
#include "ipc/role.h"

int core_main(const struct role_start *start);
