/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros that all public headers use.
 *
 * The declarations between KC_API_BEGIN and KC_API_END are the contract: functions with C linkage
 * that the program exports to plugins. The program hides everything else, so that a worker's
 * function never replaces a plugin's own function of the same name. `make lint` compares the
 * exported functions with these declarations.
 *
 * What may grow. Within a major version nothing is taken away, and nothing changes its meaning. A
 * minor version may add functions, macros and constants of an enum; and members at the end of a
 * struct whose comment says that it may "grow". Those are
 *   - the descriptor and the tables of functions: the descriptor tells its size and its version,
 * and the worker reads as NULL what is newer than the plugin;
 *   - what the worker makes and a plugin reads by a pointer that it was given.
 * A struct that plugins make, copy or have arrays of "never grows". One without a body is opaque.
 */
#ifndef CONNECT_CONTRACT_H
#define CONNECT_CONTRACT_H

#if defined(__GNUC__)
#define KC_MUST_CHECK        __attribute__((warn_unused_result))
#define KC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KC_EXPORT            __attribute__((visibility("default")))
#define KC_VISIBLE_BEGIN     _Pragma("GCC visibility push(default)")
#define KC_VISIBLE_END       _Pragma("GCC visibility pop")
#else
#define KC_MUST_CHECK
#define KC_PRINTF(fmt, args)
#define KC_EXPORT
#define KC_VISIBLE_BEGIN
#define KC_VISIBLE_END
#endif

#ifdef __cplusplus
#define KC_API_BEGIN                                                                               \
    extern "C" {                                                                                   \
    KC_VISIBLE_BEGIN
#define KC_API_END                                                                                 \
    KC_VISIBLE_END                                                                                 \
    }
#else
#define KC_API_BEGIN KC_VISIBLE_BEGIN
#define KC_API_END   KC_VISIBLE_END
#endif

#endif
