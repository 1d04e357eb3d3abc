# Thin on purpose: CMake, ctest and npm do the work, tools/ holds what is longer than a line, and this file names the steps.

JOBS := $(shell nproc)
C_FILES = $(shell find src bench fuzz -name '*.[ch]')
WEB_FILES = $(shell find web/src web/public web/index.html web/tools web/*.json web/*.ts -type f 2>/dev/null)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

deps: ## install the Debian packages that building and running need
	@tools/deps run

deps-test: ## install what tests and lint need on top
	@tools/deps test

build-%:
	@cmake --preset $* >/dev/null
	@cmake --build --preset $* -j $(JOBS)

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_FILES)
	cd web && npm run build
	@touch $@

web: web/dist/index.html ## build the browser client when its sources changed

run: deps ## build, and bring up the living province on http://127.0.0.1:8080
	@$(MAKE) --no-print-directory build-release web
	build/release/anlan demo

check: build-debug ## the module tests on SQLite, in under a minute when warm
	@ctest --test-dir build/debug -L '^module$$' --output-on-failure --no-tests=error -j $(JOBS)

test: deps-test ## everything that must pass: see tools/test
	@tools/test

tour: build-release web ## the tours of README.md and docs/tour.md again, with their pictures
	@ANLAN=build/release/anlan python3 tests/tour.py

bench: build-release ## measure speed and size, and print the tables of docs/performance.md
	@bench/run.py

lint: deps-test build-clang ## clang-tidy and cppcheck
	run-clang-tidy -quiet -p build/clang -j $(JOBS) 'src/.*\.c$$'
	cppcheck --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --quiet -j $(JOBS) --std=c11 \
	    --library=gtk --include=tools/cppcheck.h --suppress=missingInclude --suppress=varFuncNullUB -Isrc \
	    $$(find src -name '*.c' ! -name '*_test.c')

format: ## put C and web sources into the house's form
	clang-format -i $(C_FILES)
	@if [ -d web/node_modules ]; then cd web && npm run --silent format; fi

install: build-release web ## to DESTDIR and PREFIX (/usr/local)
	cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

clean: ## remove what was built
	rm -rf build web/dist

.PHONY: help deps deps-test web run check test tour bench lint format install clean
