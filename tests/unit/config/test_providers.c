/* SPDX-License-Identifier: Apache-2.0 */
/* Variables against ConfigTransformer of Kafka 4.1, and the three providers on real files. */
#include "config/config_golden.h"
#include "config/properties.h"
#include "config/providers.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKAGE "org.apache.kafka.common.config.provider."

/* An empty directory to work in; removed at the end of the test. */
static char directory[64];

static void enter_directory(void)
{
    strcpy(directory, "/tmp/kc_providersXXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void leave_directory(void)
{
    char *command = kc_asprintf("rm -r %s", directory);

    ck_assert_int_eq(system(command), 0);
    free(command);
}

static void put_file(const char *name, const char *data, size_t len)
{
    char *path = kc_asprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, len, file), len);
    fclose(file);
    free(path);
}

static void put_text(const char *name, const char *text)
{
    put_file(name, text, strlen(text));
}

/* Providers named p (class_name) with one parameter, if any. */
static struct kc_providers *providers_of(const char *class_name, const char *param,
                                         const char *value)
{
    struct kc_map *config = kc_map_new();
    struct kc_providers *providers = NULL;

    kc_map_set(config, "config.providers", " p ");
    kc_map_setf(config, "config.providers.p.class", PACKAGE "%s", class_name);
    if (param) {
        char *key = kc_asprintf("config.providers.p.param.%s", param);

        kc_map_set(config, key, value);
        free(key);
    }
    assert_ok(kc_providers_new(config, &providers), class_name);
    kc_map_destroy(config);
    return providers;
}

/* What value becomes; owned by the caller. @ stands for the directory. */
static struct kc_error *resolve(const struct kc_providers *providers, const char *value, char **out)
{
    struct kc_map *config = kc_map_new();
    struct kc_map *resolved = NULL;
    struct kc_str text = {0};

    for (; *value; value++) {
        if (*value == '@')
            kc_str_append(&text, directory);
        else
            kc_str_append_char(&text, *value);
    }
    kc_map_set(config, "key", text.data ? text.data : "");
    kc_map_set(config, "null", NULL);
    struct kc_error *err = kc_providers_resolve(providers, config, &resolved);
    *out = err ? NULL : kc_strdup(kc_map_get(resolved, "key"));
    if (!err)
        ck_assert(kc_map_has(resolved, "null") && !kc_map_get(resolved, "null"));
    kc_map_destroy(resolved);
    kc_map_destroy(config);
    kc_str_destroy(&text);
    return err;
}

static void becomes(const struct kc_providers *providers, const char *value, const char *want)
{
    char *got = NULL;

    assert_ok(resolve(providers, value, &got), value);
    ck_assert_msg(strcmp(got, want) == 0, "'%s' became '%s', not '%s'", value, got, want);
    free(got);
}

static void stays(const struct kc_providers *providers, const char *value)
{
    char *got = NULL;

    assert_ok(resolve(providers, value, &got), value);
    ck_assert_ptr_nonnull(strstr(got, "${p:"));
    free(got);
}

/* The recorded provider knows, at path d, k as "value" and v as a text that looks like a variable.
 */
START_TEST(finds_variables_as_java)
{
    json_t *cases = golden("variables.json");
    size_t index;
    json_t *item;

    enter_directory();
    put_text("k", "value");
    put_text("v", "${p:d:k}");
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(mkdir("d", 0700), 0);
    ck_assert_int_eq(rename("k", "d/k") + rename("v", "d/v"), 0);
    struct kc_providers *providers = providers_of("DirectoryConfigProvider", NULL, NULL);
    json_array_foreach (cases, index, item) {
        const char *input = golden_text(item, "input");

        ck_assert_msg(kc_providers_has_variable(input) ==
                          json_boolean_value(json_object_get(item, "has")),
                      "%s", input);
        becomes(providers, input, golden_text(item, "output"));
    }
    kc_providers_destroy(providers);
    json_decref(cases);
    leave_directory();
}
END_TEST

START_TEST(reads_values_from_files)
{
    struct kc_providers *providers = providers_of("FileConfigProvider", NULL, NULL);
    char *got = NULL;

    enter_directory();
    put_text("secrets", "user=alice\npassword = p\\u00e9 \xC3\xA9\nempty=\n");
    becomes(providers, "${p:@/secrets:user}:${p:@/secrets:password}", "alice:p\xC3\xA9 \xC3\xA9");
    becomes(providers, "[${p:@/secrets:empty}]", "[]");
    stays(providers, "${p:@/secrets:nobody}");
    stays(providers, "${p:user}");
    put_text("secrets", "user=bob");
    becomes(providers, "${p:@/secrets:user}", "bob");
    char *message =
        kc_asprintf("Variable 'user' of configuration 'key': Could not read properties from "
                    "file %s/none: Could not read %s/none: No such file or directory",
                    directory, directory);
    assert_error(resolve(providers, "${p:@/none:user}", &got), message, "missing file");
    free(message);
    put_text("secrets", "user=\\u12");
    message = kc_asprintf("Variable 'user' of configuration 'key': Could not read properties from "
                          "file %s/secrets: %s/secrets:1: Malformed \\uxxxx encoding.",
                          directory, directory);
    assert_error(resolve(providers, "${p:@/secrets:user}", &got), message, "malformed file");
    free(message);
    kc_providers_destroy(providers);
    leave_directory();
}
END_TEST

START_TEST(reads_values_from_directories)
{
    struct kc_providers *providers = providers_of("DirectoryConfigProvider", NULL, NULL);
    char *got = NULL;

    enter_directory();
    put_text("password", "p w\n");
    put_file("binary", "a\0b", 3);
    becomes(providers, "${p:@:password}", "p w\n");
    stays(providers, "${p:@:none}");
    stays(providers, "${p:@:../../etc/passwd}");
    stays(providers, "${p:@:..}");
    stays(providers, "${p:@/password:x}");
    stays(providers, "${p::password}");
    struct kc_error *err = resolve(providers, "${p:@:binary}", &got);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "it is not a text file"));
    kc_error_destroy(err);
    kc_providers_destroy(providers);
    leave_directory();
}
END_TEST

START_TEST(reads_values_from_the_environment)
{
    struct kc_providers *providers =
        providers_of("EnvVarConfigProvider", "allowlist.pattern", "KC_TEST_.*");
    char *got = NULL;

    setenv("KC_TEST_A", "one", 1);
    setenv("KC_OTHER", "two", 1);
    becomes(providers, "${p:KC_TEST_A}", "one");
    becomes(providers, "${p::KC_TEST_A}", "one");
    becomes(providers, "${p:KC_OTHER}", "${p:KC_OTHER}");
    becomes(providers, "${p:KC_TEST_B}", "${p:KC_TEST_B}");
    assert_error(resolve(providers, "${p:path:KC_TEST_A}", &got),
                 "Variable 'KC_TEST_A' of configuration 'key': Path is not supported for "
                 "EnvVarConfigProvider, invalid value 'path'",
                 "path");
    kc_providers_destroy(providers);
}
END_TEST

START_TEST(keeps_to_allowed_paths)
{
    enter_directory();
    put_text("a", "k=inside");
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(mkdir("sub", 0700), 0);
    put_text("sub/b", "k=sub");
    char *allowed = kc_asprintf("%s/sub/", directory);
    struct kc_providers *providers = providers_of("FileConfigProvider", "allowed.paths", allowed);
    becomes(providers, "${p:@/sub/b:k}", "sub");
    becomes(providers, "${p:@/sub/../sub/./b:k}", "sub");
    stays(providers, "${p:@/a:k}");
    stays(providers, "${p:@/sub/../a:k}");
    stays(providers, "${p:@/subway:k}");
    stays(providers, "${p:sub/b:k}");
    kc_providers_destroy(providers);
    providers = providers_of("DirectoryConfigProvider", "allowed.paths", allowed);
    becomes(providers, "${p:@/sub:b}", "k=sub");
    stays(providers, "${p:@:a}");
    kc_providers_destroy(providers);
    free(allowed);
    leave_directory();
}
END_TEST

static void refuses(const char *key, const char *value, const char *message)
{
    struct kc_map *config = kc_map_new();
    struct kc_providers *providers = NULL;

    kc_map_set(config, "config.providers", "p");
    kc_map_set(config, "config.providers.p.class", PACKAGE "FileConfigProvider");
    if (value)
        kc_map_set(config, key, value);
    else
        kc_map_remove(config, key);
    assert_error(kc_providers_new(config, &providers), message, key);
    ck_assert_ptr_null(providers);
    kc_map_destroy(config);
}

START_TEST(refuses_wrong_providers)
{
    refuses("config.providers.p.class", NULL,
            "Missing required configuration \"config.providers.p.class\" which has no default "
            "value.");
    refuses("config.providers.p.class", "com.example.Vault",
            "Invalid value com.example.Vault for configuration config.providers.p.class: Could not "
            "load config provider class or one of its dependencies. This worker has "
            "FileConfigProvider, DirectoryConfigProvider and EnvVarConfigProvider of " PACKAGE
            "*.");
    refuses("config.providers.p.param.allowed.paths", "tmp",
            "allowed.paths of config provider 'p': Path tmp is not absolute");
    refuses("config.providers.p.param.allowed.paths", "/tmp,/no/where",
            "allowed.paths of config provider 'p': Path /no/where does not exist");
}
END_TEST

START_TEST(puts_raw_values_back_into_task_configs)
{
    struct kc_map *connector = kc_map_new();
    struct kc_maps tasks = {0};

    kc_map_set(connector, "password", "${p:f:password}");
    kc_map_set(connector, "plain", "${p}");
    kc_map_set(connector, "absent", "${p:f:k}");
    for (int i = 0; i < 2; i++) {
        kc_maps_take(&tasks, kc_map_new());
        kc_map_set(tasks.items[i], "password", "secret");
        kc_map_set(tasks.items[i], "plain", "x");
    }
    kc_providers_reverse(connector, &tasks);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(kc_map_get(tasks.items[i], "password"), "${p:f:password}");
        ck_assert_str_eq(kc_map_get(tasks.items[i], "plain"), "x");
        ck_assert(!kc_map_has(tasks.items[i], "absent"));
    }
    kc_maps_destroy(&tasks);
    kc_map_destroy(connector);
}
END_TEST

START_TEST(without_providers_everything_stays)
{
    becomes(NULL, "${p:a:b}", "${p:a:b}");
}
END_TEST

RUN_TESTS("providers", finds_variables_as_java, reads_values_from_files,
          reads_values_from_directories, reads_values_from_the_environment, keeps_to_allowed_paths,
          refuses_wrong_providers, puts_raw_values_back_into_task_configs,
          without_providers_everything_stays)
