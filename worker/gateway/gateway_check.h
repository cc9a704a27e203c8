/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `isthmus gateway check FILE`: what is missing before clients can move to a gateway. It asks both
 * clusters and changes nothing. For the gateway's role; one thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_CHECK_H
#define WORKER_GATEWAY_GATEWAY_CHECK_H

/* argv[0] is "check"; arguments follow. Prints to stdout, as text or (-o json) as JSON. The exit
 * status: 0 nothing is missing, 1 something is, or the file or the command line is wrong. */
int gateway_check(int argc, char **argv);

#endif
