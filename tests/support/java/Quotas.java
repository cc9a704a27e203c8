// SPDX-License-Identifier: Apache-2.0
// Sets quotas of all clients: Quotas.java RATE|none KEY BOOTSTRAP [KEY BOOTSTRAP ...].

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;

public class Quotas {
    public static void main(String[] args) throws Exception {
        Double rate = args[0].equals("none") ? null : Double.valueOf(args[0]);
        ClientQuotaEntity everybody =
                new ClientQuotaEntity(Collections.singletonMap(ClientQuotaEntity.CLIENT_ID, null));
        for (int i = 1; i + 1 < args.length; i += 2) {
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[i + 1]))) {
                admin.alterClientQuotas(List.of(new ClientQuotaAlteration(everybody,
                        List.of(new ClientQuotaAlteration.Op(args[i], rate))))).all().get();
            }
        }
    }
}
