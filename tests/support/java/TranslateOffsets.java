// SPDX-License-Identifier: Apache-2.0
// Asks Java's own client library what a group's offsets are on the target cluster, as a Java
// application does on fail-over: one line "topic partition offset metadata" each.

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

public class TranslateOffsets {
    public static void main(String[] args) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0]);
        Map<TopicPartition, OffsetAndMetadata> offsets = RemoteClusterUtils.translateOffsets(
                settings, args[1], args[2], Duration.ofSeconds(30));
        offsets.forEach((where, what) -> System.out.println(
                where.topic() + " " + where.partition() + " " + what.offset() + " " + what.metadata()));
        System.out.println("replicationHops " + RemoteClusterUtils.replicationHops(settings, args[1]));
        System.exit(0);
    }
}
