/* SPDX-License-Identifier: Apache-2.0 */
/* Java key stores, with and without a password to check. */
#include "security/jks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct kc_keystore store = {0};

    kc_error_destroy(kc_jks_read(data, len, NULL, "secret2", true, &store));
    kc_keystore_destroy(&store);
    kc_error_destroy(kc_jks_read(data, len, "secret1", NULL, false, &store));
    kc_keystore_destroy(&store);
    return 0;
}
