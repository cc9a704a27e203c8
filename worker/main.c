/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: picks the role by the name that it was called under or by the first argument. The
 * only file of the worker that knows which plugins are linked in.
 */
#include "base/log_sink.h"
#include "cli/cli.h"
#include "daemon_mode.h"
#include "data/plugins.h"
#include "roles.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct role {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *summary;
    const char *daemon; /* what Apache's script calls it with -daemon */
};

static const struct role roles[] = {
    {"connect-distributed", kc_role_distributed, "FILE [--override KEY=VALUE]...",
     "a worker of a Connect cluster", "connectDistributed"},
    {"connect-standalone", kc_role_standalone, "FILE [CONNECTOR-FILE]...",
     "a worker by itself, with connectors from files", "connectStandalone"},
    {"connect-mirror-maker", kc_role_mirror_maker, "FILE [--clusters ALIAS...]",
     "MirrorMaker 2 by its own configuration file", "mirrorMaker"},
    {"gateway", kc_role_gateway, "FILE | check FILE [-o json]",
     "a proxy before a cluster, which routes writes to linked topics to their source", "gateway"},
};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))

#define LAST_LINES_MS 2000 /* for who reads the log, at the end */

static void print_help(FILE *out)
{
    fprintf(out, "Isthmus %s: a Kafka Connect worker with MirrorMaker 2, in C.\n\nUsage:\n",
            KC_VERSION);
    for (size_t i = 0; i < ROLE_COUNT; i++)
        fprintf(out, "  isthmus %s %s\n      %s\n", roles[i].name, roles[i].arguments,
                roles[i].summary);
    kc_cli_list(out);
    fprintf(
        out,
        "  isthmus --version | --help\n\n"
        "FILE is a configuration file as Apache Kafka's Connect and MirrorMaker take it; the\n"
        "gateway's is described in docs/GATEWAY.md.\n"
        "Called as connect-distributed.sh, connect-standalone.sh or\n"
        "connect-mirror-maker.sh, the program plays that role; -daemon before FILE puts it into\n"
        "the background, with its log in $LOG_DIR. SIGTERM stops it cleanly.\n");
}

static const struct role *find_role(const char *name, size_t len)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strlen(roles[i].name) == len && strncmp(roles[i].name, name, len) == 0)
            return &roles[i];
    return NULL;
}

/* The role of Apache's script of the same name: "/opt/kafka/bin/connect-distributed.sh". */
static const struct role *role_of_program(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".sh") == 0)
        len -= 3;
    return find_role(name, len);
}

/* Few arenas are enough, because a worker's threads allocate little, and an arena never gives
 * memory back. */
static void tune_memory(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

/* The soft limit is for programs that use select(). A worker needs a connection per broker and
 * client. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void block_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGHUP);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error like a full disk */
}

static int run_role(const struct role *role, int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("Usage: isthmus %s %s\n%s\n", role->name, role->arguments, role->summary);
        return KC_EXIT_OK;
    }
    if (argc < 2) {
        fprintf(stderr, "Usage: isthmus %s %s\n", role->name, role->arguments);
        return KC_EXIT_ERROR;
    }
    int status = role->run(argc, argv);
    kc_log_sink_end(LAST_LINES_MS);
    return status;
}

/* The program was called as one of Apache's scripts, which take one option before the file. */
static int run_script(const struct role *role, int argc, char **argv)
{
    int status = KC_EXIT_OK;
    if (argc > 1 && strcmp(argv[1], "-daemon") == 0) {
        if (argc > 2 && !kc_daemon_mode(argv[0], role->daemon, &status))
            return status;
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    return run_role(role, argc, argv);
}

static int fail_unknown(const char *word)
{
    const char *names[ROLE_COUNT + 1] = {0};
    for (size_t i = 0; i < ROLE_COUNT; i++)
        names[i] = roles[i].name;
    return kc_cli_unknown(word, names);
}

int main(int argc, char **argv)
{
    tune_memory();
    raise_file_limit();
    block_signals();
    kc_plugins_set_builtin(kc_builtin_plugins);
    const struct role *role = role_of_program(argv[0]);
    if (role)
        return run_script(role, argc, argv);
    if (argc < 2) {
        print_help(stderr);
        return KC_EXIT_ERROR;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("isthmus %s (%s)\n", KC_VERSION, KC_COMMIT);
        return KC_EXIT_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return KC_EXIT_OK;
    }
    if (kc_cli_knows(argv[1]))
        return kc_cli_run(argc - 1, argv + 1);
    role = find_role(argv[1], strlen(argv[1]));
    if (role)
        return run_role(role, argc - 1, argv + 1);
    return fail_unknown(argv[1]);
}
