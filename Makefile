# Two commands matter: `make run` (try it) and `make check` (every test; what CI runs).
# All of them install what is missing on a bare Debian 12 (tools/setup), as root or with sudo.
BUILD ?= build

.PHONY: help run check quick bench torture fuzz man clean

help:
	@echo "make run      build, create ./certinext-data if absent, start the platform"
	@echo "make check    every test; ends with one line: N passed, N failed, N skipped"
	@echo "make quick    build and unit tests"
	@echo "make torture  kill -9 at every step under load, at least 200 rounds"
	@echo "make bench    figures beside the physical limit of this machine; JSON lines in $(BUILD)/bench"
	@echo "make fuzz     libFuzzer over every decoder (FUZZ_SECONDS each, default 60)"
	@echo "make man      check and list the manual pages"

run:
	@tools/run

check:
	@tools/setup run check
	@tools/check

quick:
	@tools/setup run
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --suite unit --no-rebuild

torture:
	@tools/setup run check
	@tools/torture --rounds $${TORTURE_ROUNDS:-200}

bench:
	@tools/setup run check
	@tools/bench

fuzz:
	@tools/setup run check
	@tools/fuzz all $${FUZZ_SECONDS:-60}

man:
	@tools/setup run check
	@tools/check-man man

clean:
	rm -rf $(BUILD)
