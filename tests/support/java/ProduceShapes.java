// SPDX-License-Identifier: Apache-2.0
// Produces records of every shape, fast:
//   ProduceShapes BOOTSTRAP RECORDS TOPIC=CODEC[,CODEC...]...
// With several codecs, a producer of each writes its share at the same time, into any partition.
// For TOPIC=times, the records bear the times that a Java producer may set, from 0 to the last.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class ProduceShapes {
    static final AtomicReference<Exception> failure = new AtomicReference<>();
    static final long[] TIMES = {0, 1, 86_400_000L, 1_000_000_000_000L, 4_102_444_800_000L,
            253_402_300_799_999L, Long.MAX_VALUE / 2};

    static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        // Half noise, half not, so that compression has something to do.
        random.nextBytes(bytes);
        for (int i = length / 2; i < length; i++) bytes[i] = 'x';
        return bytes;
    }

    static byte[] key(Random random) {
        switch (random.nextInt(8)) {
            case 0: return null;
            case 1: return new byte[0];
            default: return ("key-" + random.nextInt(1000)).getBytes();
        }
    }

    static byte[] value(Random random) {
        switch (random.nextInt(16)) {
            case 0: return null;
            case 1: return new byte[0];
            case 2: return bytes(random, 2000);
            default: return bytes(random, random.nextInt(150));
        }
    }

    static List<Header> headers(Random random) {
        List<Header> headers = new ArrayList<>();
        switch (random.nextInt(8)) {
            case 0:
                headers.add(new RecordHeader("trace", "1".getBytes()));
                headers.add(new RecordHeader("null", (byte[]) null));
                headers.add(new RecordHeader("trace", "2".getBytes()));
                headers.add(new RecordHeader("", new byte[0]));
                headers.add(new RecordHeader("trace", (byte[]) null));
                break;
            case 1:
                headers.add(new RecordHeader("größe-\u20ac", bytes(random, 20)));
                break;
            case 2:
                if (random.nextInt(20) == 0)
                    for (int i = 0; i < 200; i++)
                        headers.add(new RecordHeader("h" + i % 7, bytes(random, i % 5)));
                break;
            default:
        }
        return headers;
    }

    static void produce(String bootstrap, String topic, String codec, int count, long seed) {
        Random random = new Random(seed);
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap,
                "compression.type", codec, "linger.ms", "5",
                "batch.size", Integer.toString(1000 + random.nextInt(60000)),
                "buffer.memory", "16000000");
        try (var producer = new KafkaProducer<byte[], byte[]>(
                settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            int partitions = producer.partitionsFor(topic).size();
            long now = System.currentTimeMillis() - 3_600_000;
            for (int n = 0; n < count; n++) {
                long time = topic.endsWith("times") ? TIMES[n % TIMES.length] : now + n % 3_000_000;
                producer.send(new ProducerRecord<>(topic, random.nextInt(partitions), time,
                        key(random), value(random), headers(random)), (where, failed) -> {
                            if (failed != null) failure.compareAndSet(null, failed);
                        });
            }
        }
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[1]);
        for (int i = 2; i < args.length; i++) {
            String topic = args[i].split("=")[0];
            String[] codecs = args[i].split("=")[1].split(",");
            List<Thread> threads = new ArrayList<>();
            for (int c = 0; c < codecs.length; c++) {
                int share = count / codecs.length + (c == 0 ? count % codecs.length : 0);
                String codec = codecs[c];
                long seed = topic.hashCode() * 31L + c;
                threads.add(new Thread(() -> produce(args[0], topic, codec, share, seed)));
            }
            for (Thread thread : threads) thread.start();
            for (Thread thread : threads) thread.join();
        }
        if (failure.get() != null) throw failure.get();
    }
}
