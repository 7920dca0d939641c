/* Stages as the contract shows them; views into them. */
#pragma once
#include "api_types.h"
#include "base/arena.h"
#include "core/approval/plan.h"

cx_err approval_stages_view(const struct approval_stages *stages, struct arena *arena,
                            const struct api_approval_stage **ret_views);
