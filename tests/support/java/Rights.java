// SPDX-License-Identifier: Apache-2.0
// What a cluster knows of its clients. Rights.java set GROUP BOOTSTRAP gives it a quota, a SCRAM
// user and a setting of a group; Rights.java show GROUP BOOTSTRAP prints quotas and settings, a line
// each.

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;

public class Rights {
    static final String SETTING = "consumer.session.timeout.ms";

    public static void main(String[] args) throws Exception {
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, args[1]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[2]))) {
            if (args[0].equals("set"))
                set(admin, group);
            else
                show(admin, group);
        }
    }

    static void set(Admin admin, ConfigResource group) throws Exception {
        ClientQuotaEntity alice = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "alice"));
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(alice, List.of(
                new ClientQuotaAlteration.Op("consumer_byte_rate", 4096.0),
                new ClientQuotaAlteration.Op("producer_byte_rate", 2048.0))))).all().get();
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("alice",
                new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret"))).all().get();
        admin.incrementalAlterConfigs(Map.of(group, List.of(new AlterConfigOp(
                new ConfigEntry(SETTING, "50000"), AlterConfigOp.OpType.SET)))).all().get();
    }

    static void show(Admin admin, ConfigResource group) throws Exception {
        admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().forEach(
                (entity, values) -> values.forEach((key, value) ->
                        System.out.println(entity.entries() + " " + key + "=" + value)));
        ConfigEntry entry = admin.describeConfigs(List.of(group)).all().get().get(group).get(SETTING);
        System.out.println(SETTING + "=" + entry.value());
    }
}
