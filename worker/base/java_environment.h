/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment variables of Kafka's start scripts, and what each means here. Unit files and images
 * still have them when this program replaces Java's.
 *
 * Called once at start, on the main thread.
 */
#ifndef WORKER_BASE_JAVA_ENVIRONMENT_H
#define WORKER_BASE_JAVA_ENVIRONMENT_H

/* Logs one line for each that is set and asks for something. */
void kc_java_environment_explain(void);

/* How this program uses the variable's value; static; NULL: it doesn't. */
const char *kc_java_environment_meaning(const char *name, const char *value);

#endif
