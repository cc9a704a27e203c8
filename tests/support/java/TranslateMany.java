// SPDX-License-Identifier: Apache-2.0
// What RemoteClusterUtils of Kafka 4.3 says of many groups at once (KIP-1239), a line for each
// partition: TranslateMany.java BOOTSTRAP ALIAS PATTERN.

import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

public class TranslateMany {
    public static void main(String[] args) {
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0]);
        RemoteClusterUtils.translateOffsets(settings, args[1], Pattern.compile(args[2]),
                Duration.ofSeconds(30)).forEach((group, offsets) -> offsets.forEach(
                        (where, what) -> System.out.println(group + " " + where.topic() + " "
                                + where.partition() + " " + what.offset())));
        System.exit(0);
    }
}
