// SPDX-License-Identifier: Apache-2.0
// A Kafka Streams application with state, whose topics of its own are a repartition topic and a
// changelog:
//   CountingStream BOOTSTRAP APPLICATION FROM TO DIRECTORY [KEY=VALUE ...]
// Each record of FROM is a number N. It is counted under "group-(N mod 7)", and TO gets each count:
// with exactly-once each key's values in TO are 1, 2, 3, ... Prints "running" when it runs and
// "died WHY" where a thread ends for good. State is in memory: each start reads the changelog.

import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.state.Stores;

public class CountingStream {
    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("application.id", args[1]);
        settings.put("state.dir", args[4]);
        for (int i = 5; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        settings.put("statestore.cache.max.bytes", 0); // each count is told, not the last ones
        settings.put("default.key.serde", Serdes.StringSerde.class);
        settings.put("default.value.serde", Serdes.StringSerde.class);
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(args[2])
            .selectKey((key, value) -> "group-" + Integer.parseInt(value) % 7)
            .groupByKey()
            .count(Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()))
            .toStream()
            .mapValues(count -> count.toString())
            .to(args[3], Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING)
                System.out.println("running");
        });
        streams.setUncaughtExceptionHandler(failed -> {
            System.out.println("died " + failed);
            failed.printStackTrace();
            return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
