// SPDX-License-Identifier: Apache-2.0
// A connector's life through org.sourcelab's kafka-connect-client: run by test_rest_clients.py.
//
//   java -cp CLIENT-JARS JavaLife.java URL NAME CLASS FILE TOPIC

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;

public class JavaLife {
    static void await(Callable<Boolean> condition, String what) throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (true) {
            Object last = "not yet";
            try {
                if (condition.call())
                    return;
            } catch (Exception e) { // as scripts do: 404 and 409 are asked about again
                last = e;
            }
            if (System.nanoTime() > deadline)
                throw new AssertionError(what + ": " + last);
            Thread.sleep(200);
        }
    }

    static void check(boolean holds, Object what) {
        if (!holds)
            throw new AssertionError(what);
    }

    public static void main(String[] args) throws Exception {
        String name = args[1];
        String type = args[2];
        Map<String, String> config = new HashMap<>(Map.of(
                "connector.class", type, "tasks.max", "1", "file", args[3], "topic", args[4]));
        KafkaConnectClient client = new KafkaConnectClient(new Configuration(args[0]));

        check(client.getConnectServerVersion().getVersion() != null, "version");
        check(client.getConnectorPlugins().stream().anyMatch(p -> p.getClassName().equals(type)), "plugin");
        Map<String, String> named = new HashMap<>(config);
        named.put("name", name);
        check(client.validateConnectorPluginConfig(
                new ConnectorPluginConfigDefinition(type, named)).getErrorCount() == 0, "valid");
        check(client.validateConnectorPluginConfig(
                new ConnectorPluginConfigDefinition(type, Map.of("name", name, "connector.class", type)))
                .getErrorCount() > 0, "not valid");

        check(client.addConnector(new NewConnectorDefinition(name, config)).getName().equals(name), "added");
        await(() -> client.getConnectorStatus(name).getTasks().get(0).getState().equals("RUNNING"), "running");
        check(client.getConnectors().contains(name), "listed");
        check(client.getConnectorsWithAllExpandedMetadata() != null, "expanded");
        check(client.getConnectorConfig(name).equals(named), client.getConnectorConfig(name));
        check(client.getConnector(name).getType().equals("source"), "type");
        check(client.getConnectorTasks(name).size() == 1, "tasks");
        await(() -> client.getConnectorTaskStatus(name, 0).getState().equals("RUNNING"), "task running");
        config.put("batch.size", "7");
        client.updateConnectorConfig(name, config);
        await(() -> client.getConnectorConfig(name).get("batch.size").equals("7"), "the new config");
        check(client.pauseConnector(name), "pause");
        await(() -> client.getConnectorStatus(name).getConnector().get("state").equals("PAUSED"), "paused");
        check(client.resumeConnector(name), "resume");
        await(() -> client.getConnectorTaskStatus(name, 0).getState().equals("RUNNING"), "resumed");
        await(() -> client.restartConnector(name), "restart");
        await(() -> client.restartConnector(
                new PostConnectorRestart(name).withIncludeTasks(true).withOnlyFailed(false)), "restart all");
        await(() -> client.restartConnectorTask(name, 0), "restart of a task");
        await(() -> client.getConnectorTopics(name).getTopics().equals(List.of(args[4])), "its topic");
        check(client.resetConnectorTopics(name), "reset");
        await(() -> client.deleteConnector(name), "delete");
        await(() -> !client.getConnectors().contains(name), "deleted");
        System.out.println("all done");
    }
}
