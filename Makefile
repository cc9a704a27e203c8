# SPDX-License-Identifier: Apache-2.0
# Build, test, lint and install Isthmus. `make help` lists the targets.

BUILD     ?= build
PREFIX    ?= /usr/local
CC        ?= cc
VERSION   := 0.1.0

PACKAGES  := rdkafka libmicrohttpd jansson libcurl libuv libssl libcrypto libsasl2 libisal \
             libzstd liblz4 zlib libpcre2-8 avro-c
ifneq ($(SANITIZER),)
BUILD     := build/$(SANITIZER)
SANFLAGS  := -fsanitize=$(SANITIZER) -fno-omit-frame-pointer
endif
ifneq ($(DEBUG)$(SANITIZER),)
OPT       := -O1 -g3
else
OPT       := -O2 -g -DNDEBUG_FAST
endif

WARN      := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
             -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wno-unused-parameter -fno-builtin-log
CFLAGS    ?=
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DKC_VERSION='"$(VERSION)"' $(OPT) $(WARN) $(SANFLAGS) -fPIC -pthread \
             -Iinclude $(INCLUDES) $(PKG_CFLAGS) $(CFLAGS)
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES)) -lsnappy -lm -ldl
ALL_LDFLAGS = $(SANFLAGS) -pthread -rdynamic $(LDFLAGS)

WORKER    := $(filter-out worker/main.c,$(wildcard worker/*.c worker/*/*.c))
CONNECTORS:= $(wildcard connectors/*.c connectors/*/*.c)
WORKER_O  := $(WORKER:%.c=$(BUILD)/obj/%.o)
CONNECT_O := $(CONNECTORS:%.c=$(BUILD)/obj/%.o)
MAIN_O    := $(BUILD)/obj/worker/main.o
UNIT      := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN  := $(UNIT:%.c=$(BUILD)/%)

.PHONY: all
all: $(BUILD)/isthmus

# The worker sees include/ and its own folder; connectors see include/ and connectors/.
$(BUILD)/obj/worker/%.o: INCLUDES = -Iworker
$(BUILD)/obj/connectors/%.o: INCLUDES = -Iconnectors

$(BUILD)/obj/%.o: %.c | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/.deps:
	@mkdir -p $(BUILD)
	@touch $@

$(BUILD)/isthmus: $(MAIN_O) $(WORKER_O) $(CONNECT_O)
	$(CC) $(ALL_LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/libisthmus.a: $(WORKER_O) $(CONNECT_O)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libisthmus.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iworker -Iconnectors -Itests/unit -MMD -MP $< $(ALL_LDFLAGS) \
	    $(BUILD)/libisthmus.a $$(pkg-config --cflags --libs check) $(PKG_LIBS) -o $@

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
