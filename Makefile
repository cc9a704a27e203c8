# SPDX-License-Identifier: Apache-2.0
# Build, test, lint and install Isthmus. `make help` lists the targets.

BUILD     ?= build
PREFIX    ?= /usr/local
CC        ?= cc
VERSION   := 0.1.0
COMMIT    := $(shell git rev-parse --short=16 HEAD 2>/dev/null || echo unknown)

VERSION_FLAGS := -DKC_VERSION='"$(VERSION)"'
# Only for what shows it, so that a commit doesn't change how everything else is compiled.
COMMIT_FLAG   := -DKC_COMMIT='"$(COMMIT)"'
COMMIT_FILES  := worker/main worker/role_connect worker/role_gateway worker/rest/resource_worker worker/rest/resource_metrics

# The system's librdkafka where it is 2.10 or later, else one that packaging/librdkafka/build makes:
# older ones can't log in to Kafka 4 by SCRAM. LIBRDKAFKA=system or bundled decides by hand.
ifndef LIBRDKAFKA
LIBRDKAFKA := $(if $(shell pkg-config --atleast-version=2.10 rdkafka 2>/dev/null && echo yes),system,bundled)
endif
export LIBRDKAFKA
RDKAFKA   := build/librdkafka

PACKAGES  := $(if $(filter system,$(LIBRDKAFKA)),rdkafka) libmicrohttpd gnutls jansson libcurl libuv libssl libcrypto libsasl2 krb5-gssapi krb5 libisal \
             libzstd liblz4 zlib libpcre2-8 avro-c
ifneq ($(SANITIZER),)
BUILD     := build/$(SANITIZER)
SANFLAGS  := -fsanitize=$(SANITIZER) -fno-omit-frame-pointer
endif
ifneq ($(DEBUG)$(SANITIZER),)
OPT       := -O1 -g3
else
OPT       := -O2 -g
endif
# What makes a memory error harder to use. Sanitizers find the error itself, and replace the same functions.
ifeq ($(SANITIZER),)
HARDEN    := -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack

WARN      := -Wall -Wextra -Werror -Wshadow -fno-builtin-log -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
             -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wno-unused-parameter
CFLAGS    ?=
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(VERSION_FLAGS) $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) -fPIC -pthread \
             -Iinclude $(INCLUDES) $(HIDDEN) $(PKG_CFLAGS) $(CFLAGS)
ifeq ($(LIBRDKAFKA),bundled)
RDKAFKA_BUILT  := $(RDKAFKA)/.built
RDKAFKA_CFLAGS := -isystem $(RDKAFKA)/include
# Sanitizers know the library by its file's name (tests/support/tsan.supp), and a hundred unit
# programs are small with it: both use the shared one.
RDKAFKA_SHARED := -L$(RDKAFKA)/lib -Wl,-rpath,$(CURDIR)/$(RDKAFKA)/lib -lrdkafka
RDKAFKA_LIBS   := $(if $(SANITIZER),$(RDKAFKA_SHARED),$(RDKAFKA)/lib/librdkafka.a)
endif
PKG_CFLAGS = $(RDKAFKA_CFLAGS) $(shell pkg-config --cflags $(PACKAGES))
OTHER_LIBS = $(shell pkg-config --libs $(PACKAGES)) -lsnappy -lm -ldl
PKG_LIBS   = $(RDKAFKA_LIBS) $(OTHER_LIBS)
ALL_LDFLAGS = $(SANFLAGS) $(HARDEN_LD) -pthread $(LDFLAGS)
# What plugins see of the program: what include/connect declares (everything else is hidden when it is
# compiled) and, where librdkafka is part of the program, the functions of its own header.
EXPORTS    := $(BUILD)/exports

WORKER    := $(filter-out worker/main.c,$(wildcard worker/*.c worker/*/*.c))
CONNECTORS:= $(wildcard connectors/*.c connectors/*/*.c)
WORKER_O  := $(WORKER:%.c=$(BUILD)/obj/%.o)
CONNECT_O := $(CONNECTORS:%.c=$(BUILD)/obj/%.o)
MAIN_O    := $(BUILD)/obj/worker/main.o
UNIT      := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN  := $(UNIT:%.c=$(BUILD)/%)
# librdkafka's C11 threads, made visible to gcc's ThreadSanitizer.
SHIM_O    := $(if $(filter thread,$(SANITIZER)),$(BUILD)/obj/tests/support/tsan_threads.o)

.PHONY: all
all: $(BUILD)/isthmus

# The worker sees include/ and its own folder; connectors see include/ and connectors/.
$(BUILD)/obj/worker/%.o: INCLUDES = -Iworker
$(BUILD)/obj/connectors/%.o: INCLUDES = -Iconnectors -DKC_LINKED_IN
$(BUILD)/obj/worker/%.o $(BUILD)/obj/connectors/%.o: HIDDEN = -fvisibility=hidden
$(COMMIT_FILES:%=$(BUILD)/obj/%.o): VERSION_FLAGS += $(COMMIT_FLAG)

$(BUILD)/obj/%.o: %.c $(BUILD)/.with-$(LIBRDKAFKA)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# What was compiled with the other library's headers is compiled anew.
$(BUILD)/.with-$(LIBRDKAFKA): | $(RDKAFKA_BUILT)
	@mkdir -p $(BUILD)
	@rm -f $(BUILD)/.with-*
	@touch $@
	@echo "librdkafka: $(if $(RDKAFKA_BUILT),our own in $(RDKAFKA),the system's $$(pkg-config --modversion rdkafka))"

$(RDKAFKA)/.built: packaging/librdkafka/build packaging/librdkafka/Cargo.lock
	@packaging/librdkafka/build $(RDKAFKA)

$(BUILD)/isthmus: $(MAIN_O) $(WORKER_O) $(CONNECT_O) $(SHIM_O) $(RDKAFKA_BUILT) $(EXPORTS)
	$(CC) $(ALL_LDFLAGS) -Wl,--dynamic-list=$(EXPORTS) $(filter %.o,$^) $(PKG_LIBS) -o $@

$(EXPORTS): $(BUILD)/.with-$(LIBRDKAFKA) $(RDKAFKA_BUILT)
	@{ echo '{'; echo 'kc_*;'; $(if $(RDKAFKA_BUILT),grep -oE '\<rd_kafka_\w+' $(RDKAFKA)/include/librdkafka/rdkafka.h | \
	    sort -u | sed 's/$$/;/';) echo '};'; } >$@

$(BUILD)/libisthmus.a: $(WORKER_O) $(CONNECT_O)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libisthmus.a $(SHIM_O)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iworker -Iconnectors -Itests/unit -MMD -MP $< $(SHIM_O) $(ALL_LDFLAGS) \
	    -rdynamic $(BUILD)/libisthmus.a $$(pkg-config --cflags --libs check) $(RDKAFKA_SHARED) $(OTHER_LIBS) -o $@

# Programs of cluster tests: they see the contract alone, as a plugin does; but those of a connector's
# own parts (link_*.c).
$(BUILD)/tests/cluster/link_%: INCLUDES = -Iconnectors
$(BUILD)/tests/cluster/%: tests/cluster/%.c $(BUILD)/libisthmus.a $(SHIM_O)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $< $(SHIM_O) $(ALL_LDFLAGS) $(BUILD)/libisthmus.a $(RDKAFKA_SHARED) \
	    $(OTHER_LIBS) -o $@

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- test bed: everything below runs what is built above ------------------------------------------

KAFKA_VERSIONS ?= 4.1.0 3.9.1 2.1.1
FUZZ_SECONDS   ?= 20
DESTDIR        ?=
PYTHON         := build/venv/bin/python
RUN_CHECKS     := SANITIZER=$(SANITIZER) $(PYTHON) tests/support/run_checks.py
# A -j given by the user holds; without one, as many jobs as there are processors.
BUILD_ALL       = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
CLUSTER_BIN    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/cluster/*.c))
BINARIES       := $(if $(wildcard worker/main.c),$(BUILD)/isthmus) $(CLUSTER_BIN)

.PHONY: deps kafka
deps:
	@KAFKA_VERSIONS="$(KAFKA_VERSIONS)" tests/support/deps

kafka:
	@tests/support/kafka-jars $(KAFKA_VERSIONS)

# The compiler is found by pkg-config's answers, which are right only after deps: hence the second make.
.PHONY: check check-unit check-cluster check-compat check-fault
check: deps
	+@$(BUILD_ALL) $(BINARIES) $(UNIT_BIN)
	@$(RUN_CHECKS) --unit $(UNIT_BIN) --pytest tests/cluster tests/compat tests/fault

check-unit: deps
	+@$(BUILD_ALL) $(UNIT_BIN)
	@$(RUN_CHECKS) --unit $(UNIT_BIN)

check-cluster check-compat check-fault: check-%: deps
	+@$(BUILD_ALL) $(BINARIES)
	@$(RUN_CHECKS) --pytest tests/$*

.PHONY: demo bench
demo: deps
	+@$(BUILD_ALL) $(BUILD)/isthmus
	@$(PYTHON) tests/support/demo.py

BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
bench: deps
	+@$(BUILD_ALL) $(BUILD)/isthmus $(BENCH)
	@$(PYTHON) tests/bench/bench.py

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/.with-$(LIBRDKAFKA)
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) $(SANFLAGS) -pthread $(PKG_CFLAGS) $< $(PKG_LIBS) -o $@

$(BUILD)/bench/raw_loop: tests/bench/raw_loop.c $(BUILD)/libisthmus.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iworker $< $(ALL_LDFLAGS) $(BUILD)/libisthmus.a $(PKG_LIBS) -o $@

# Fuzz targets: clang's libFuzzer with the worker built for coverage, apart from the other builds.
FUZZ       := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SAN    = address,undefined -fno-sanitize-recover=undefined
FUZZ_FLAGS  = -std=c11 -D_GNU_SOURCE $(VERSION_FLAGS) -O1 -g -fno-omit-frame-pointer -pthread -Iinclude
FUZZ_O     := $(patsubst %.c,build/fuzz/obj/%.o,$(WORKER) $(CONNECTORS))

build/fuzz/obj/worker/%.o: INCLUDES = -Iworker
build/fuzz/obj/connectors/%.o: INCLUDES = -Iconnectors -DKC_LINKED_IN
$(COMMIT_FILES:%=build/fuzz/obj/%.o): VERSION_FLAGS += $(COMMIT_FLAG)
build/fuzz/obj/%.o: %.c $(BUILD)/.with-$(LIBRDKAFKA)
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) $(INCLUDES) $(PKG_CFLAGS) -MMD -MP -c $< -o $@

build/fuzz/libisthmus.a: $(FUZZ_O)
	@rm -f $@
	ar rcs $@ $^

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libisthmus.a
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer,$(FUZZ_SAN) -Iworker -Iconnectors $(PKG_CFLAGS) $< \
	    build/fuzz/libisthmus.a $(RDKAFKA_SHARED) $(OTHER_LIBS) -o $@

.PHONY: fuzz-smoke
fuzz-smoke: deps
	+@$(if $(FUZZ),$(BUILD_ALL) $(FUZZ:%=build/fuzz/fuzz_%))
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/support/fuzz-smoke $(FUZZ)

# Lint.
C_FILES  = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')

# The program is linked for lint-exports, last: beside `make check` it has been linked by then.
.PHONY: lint lint-format lint-includes lint-cppcheck lint-tidy lint-fuzz lint-exports format
lint: deps
	@$(MAKE) --no-print-directory lint-format lint-includes lint-fuzz lint-cppcheck lint-tidy
	+@$(BUILD_ALL) lint-exports

lint-format:
	@clang-format --dry-run -Werror $(C_FILES) && echo "clang-format: nothing to change"

lint-includes:
	@$(PYTHON) tests/support/check_includes.py
	@$(PYTHON) tests/support/check_names.py

lint-exports: $(BUILD)/isthmus
	@$(PYTHON) tests/support/check_exports.py $< $(if $(RDKAFKA_BUILT),$(RDKAFKA)/include/librdkafka/rdkafka.h)

# `make check` doesn't build the fuzz targets; that they compile is seen here.
lint-fuzz:
	@clang $(FUZZ_FLAGS) -fsyntax-only -Iworker -Iconnectors $(PKG_CFLAGS) $(wildcard tests/fuzz/*.c) && \
	    echo "fuzz targets: all compile"

lint-cppcheck:
	@mkdir -p build/cppcheck
	@cppcheck --quiet --error-exitcode=1 -j 2 --cppcheck-build-dir=build/cppcheck --std=c11 \
	    --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
	    --suppressions-list=tests/support/cppcheck.supp -Iinclude -Iworker -Iconnectors \
	    worker connectors && echo "cppcheck: nothing found"

lint-tidy:
	@tests/support/tidy "-Iworker $(PKG_CFLAGS)" $(WORKER) $(wildcard worker/main.c)
	@tests/support/tidy "-Iconnectors $(PKG_CFLAGS)" $(CONNECTORS)
	@echo "clang-tidy: nothing found"

format:
	@clang-format -i $(C_FILES)

# What a plugin is built with; its version of the API is the headers'.
API_VERSION = $(shell sed -n 's/^\#define KC_API_M[AI][JN]OR  *//p' include/connect/plugin.h | paste -sd.)
PC_VALUES   = -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@API_VERSION@|$(API_VERSION)|'
SHARE       = $(DESTDIR)$(PREFIX)/share/isthmus

.PHONY: install
install: $(BUILD)/isthmus
	install -D -m 755 $(BUILD)/isthmus $(DESTDIR)$(PREFIX)/bin/isthmus
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/isthmus/LICENSE
	install -D -m 644 -t $(SHARE)/config config/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/connect include/connect/*.h
	install -D -m 644 -t $(SHARE)/plugin-template packaging/plugin-template/*
	install -d $(DESTDIR)$(PREFIX)/lib/isthmus/plugins $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed $(PC_VALUES) packaging/isthmus.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/isthmus.pc
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in isthmus isthmus-gateway; do \
	    sed 's|@PREFIX@|$(PREFIX)|' packaging/systemd/$$unit.service.in \
	        >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit.service || exit 1; \
	done

.PHONY: help
help:
	@echo 'make                 builds build/isthmus (DEBUG=1; SANITIZER=address, undefined or thread)'
	@echo 'make deps            installs what building and testing need (apt, Python, Kafka jars)'
	@echo 'make kafka           only the Kafka jars (KAFKA_VERSIONS="4.1.0 3.9.1 2.1.1")'
	@echo 'make demo            two real clusters, a migration, shown and verified'
	@echo 'make check           all tests; the last line is "N passed, N failed, N skipped"'
	@echo 'make check-unit      the unit tests; also check-cluster, check-compat, check-fault'
	@echo 'make fuzz-smoke      each fuzz target for FUZZ_SECONDS (20)'
	@echo 'make bench           against Java MirrorMaker 2 in one run (BENCH_QUICK=1: a small one)'
	@echo 'make lint            clang-format, clang-tidy, cppcheck, includes, names, exports; make format'
	@echo 'make install         binary, samples, and what plugins are built with (DESTDIR=, PREFIX=/usr/local)'
	@echo 'make clean           removes the build directory'
