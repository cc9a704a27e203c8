/* SPDX-License-Identifier: Apache-2.0 */
/* Java's environment variables: see java_environment.h. */
#include "base/java_environment.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.worker");

static const struct {
    const char *name;
    const char *part; /* that the value must have; NULL: any value */
    const char *meaning;
} variables[] = {
    {"JMX_PORT", NULL, "there is no JMX; GET /metrics has the same figures for Prometheus"},
    {"KAFKA_JMX_OPTS", NULL, "there is no JMX; GET /metrics has the same figures for Prometheus"},
    {"KAFKA_OPTS", "-javaagent",
     "no agent is loaded; GET /metrics serves Prometheus without an exporter, and "
     "metrics.names=strimzi,confluent adds the names that exporters give"},
    {"KAFKA_LOG4J_OPTS", NULL,
     "its log4j file isn't read; log.level and log.format in the worker's file, and PUT "
     "/admin/loggers, set what is logged, and lines go to standard error"},
    {"KAFKA_HEAP_OPTS", NULL,
     "there is no heap to size; memory follows the fetches in flight, which are bounded"},
    {"KAFKA_JVM_PERFORMANCE_OPTS", NULL, "there is no JVM"},
    {"KAFKA_GC_LOG_OPTS", NULL, "there is no garbage collector"},
    {"CLASSPATH", NULL, "no Java classes are loaded; connectors in C are found by plugin.path"},
};
enum { VARIABLE_COUNT = sizeof(variables) / sizeof(variables[0]) };

const char *kc_java_environment_meaning(const char *name, const char *value)
{
    for (size_t i = 0; value && *value && i < VARIABLE_COUNT; i++)
        if (strcmp(variables[i].name, name) == 0)
            return !variables[i].part || strstr(value, variables[i].part) ? variables[i].meaning
                                                                          : NULL;
    return NULL;
}

void kc_java_environment_explain(void)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const char *name = variables[i].name;
        const char *meaning = kc_java_environment_meaning(name, getenv(name));
        if (meaning)
            kc_info("%s is set: %s", name, meaning); /* its value may hold a secret */
    }
}
