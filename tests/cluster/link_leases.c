/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A holder of the lease of a link's first task, run by test_link_leases.py:
 *
 *     link_leases BOOTSTRAP LINK LEASE_MS TASKS
 *
 * Prints "HAS epoch time" when it has the lease, "LOST time" with the last time at which it might
 * have written once it has lost it, and gives it back on SIGTERM. Times are kc_mono_ms(), which the
 * processes of one machine share.
 */
#include "link/link_lease_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What main() of the worker does: filters are plugins, too. */
extern const struct kc_plugin *const kc_builtin_plugins[];
void kc_plugins_set_builtin(const struct kc_plugin *const *builtin);

static struct kc_stop *stop;

static void *await_signal(void *arg)
{
    const sigset_t *signals = arg;
    int number = 0;
    sigwait(signals, &number);
    kc_stop_set(stop);
    return NULL;
}

/* Ends with the error's text, if there is one. */
static void ok(struct kc_error *err)
{
    if (!err)
        return;
    printf("ERROR %s\n", kc_error_text(err));
    exit(kc_error_code(err) == KC_ERR_WAKEUP ? 0 : 1);
}

static struct link_config *read_config(char **argv)
{
    struct link_config *config = NULL;
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "name", argv[2]);
    kc_map_set(map, "source.cluster.bootstrap.servers", argv[1]);
    kc_map_set(map, "target.cluster.bootstrap.servers", argv[1]);
    kc_map_set(map, "replication.factor", "1");
    kc_map_set(map, "link.lease.ms", argv[3]);
    kc_map_set(map, "task.index", "0");
    kc_map_set(map, "task.count", argv[4]);
    ok(link_config_new(map, true, &config));
    kc_map_destroy(map);
    return config;
}

/* Until it is lost, or the process is to end. */
static void hold(struct link_lease *lease)
{
    int64_t last = link_lease_until(lease);
    while (!kc_stop_wait_until(stop, kc_mono_ms() + 20)) {
        int64_t until = link_lease_until(lease);
        if (until == 0) {
            printf("LOST %lld\n", (long long)last);
            return;
        }
        last = until;
    }
}

int main(int argc, char **argv)
{
    static sigset_t signals;
    pthread_t waiter;
    struct link_store *store = NULL;
    struct link_lease *lease = NULL;
    if (argc != 5)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    kc_plugins_set_builtin(kc_builtin_plugins);
    stop = kc_stop_new();
    ok(kc_thread_start(&waiter, "signals", await_signal, &signals));
    struct link_config *config = read_config(argv);
    ok(link_store_open(config, stop, &store));
    ok(link_lease_take(store, config, stop, &lease));
    printf("HAS %lld %lld\n", (long long)link_lease_epoch(lease), (long long)kc_mono_ms());
    hold(lease);
    link_lease_release(lease);
    link_store_close(store);
    link_config_destroy(config);
    printf("DONE\n");
    return 0;
}
