// SPDX-License-Identifier: Apache-2.0
// Compares topics on two clusters, record by record, with Java's consumer:
//   CompareTopics BOOTSTRAP BOOTSTRAP ISOLATION TOPIC=TOPIC...
// Key, value, headers and their order, time and order of records count; offsets don't. One line
// "TOPIC partitions N records N hash H" for each pair that is equal; the first difference of each
// that isn't, and status 1.

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class CompareTopics {
    static final long PATIENCE_NS = 300_000_000_000L;

    /** What is kept of a partition: enough to compare, and to find the record that differs. */
    static class Read {
        long[] sums = new long[1024];
        long[] offsets = new long[1024];
        int count;

        void add(ConsumerRecord<byte[], byte[]> record) {
            if (count == sums.length) {
                sums = Arrays.copyOf(sums, 2 * count);
                offsets = Arrays.copyOf(offsets, 2 * count);
            }
            sums[count] = sum(record);
            offsets[count++] = record.offset();
        }

        String hash() throws Exception {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer bytes = ByteBuffer.allocate(8 * count);
            for (int i = 0; i < count; i++) bytes.putLong(sums[i]);
            return String.format("%016x", ByteBuffer.wrap(digest.digest(bytes.array())).getLong());
        }
    }

    /** Two CRCs of different beginnings, over every field with its length before it. */
    static long sum(ConsumerRecord<byte[], byte[]> record) {
        CRC32C first = new CRC32C(), second = new CRC32C();
        second.update(0x5a);
        for (CRC32C crc : List.of(first, second)) {
            number(crc, record.timestamp());
            bytes(crc, record.key());
            bytes(crc, record.value());
            for (Header header : record.headers()) {
                bytes(crc, header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8));
                bytes(crc, header.value());
            }
        }
        return first.getValue() << 32 | second.getValue();
    }

    static void number(CRC32C crc, long number) {
        crc.update(ByteBuffer.allocate(8).putLong(0, number));
    }

    static void bytes(CRC32C crc, byte[] bytes) {
        number(crc, bytes == null ? -1 : bytes.length);
        if (bytes != null) crc.update(bytes);
    }

    static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, String isolation) {
        return new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation,
                        "enable.auto.commit", "false", "auto.offset.reset", "earliest",
                        "max.poll.records", "10000", "fetch.max.wait.ms", "50"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** All partitions of a topic up to their ends as of now, by partition. */
    static List<Read> read(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        List<TopicPartition> open = new ArrayList<>();
        List<Read> reads = new ArrayList<>();
        for (int p = 0; p < consumer.partitionsFor(topic).size(); p++) {
            open.add(new TopicPartition(topic, p));
            reads.add(new Read());
        }
        consumer.assign(open);
        consumer.resume(open); // an earlier reading of the same topic has paused them
        consumer.seekToBeginning(open);
        Map<TopicPartition, Long> ends = consumer.endOffsets(open);
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!open.isEmpty()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("no end of " + open);
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200)))
                reads.get(record.partition()).add(record);
            List<TopicPartition> read = new ArrayList<>(open);
            read.removeIf(where -> consumer.position(where) < ends.get(where));
            consumer.pause(read);
            open.removeAll(read);
        }
        return reads;
    }

    static String difference(Read left, Read right) {
        int common = Math.min(left.count, right.count), at = 0;
        while (at < common && left.sums[at] == right.sums[at]) at++;
        if (at == left.count && at == right.count) return null;
        return "record " + at + " differs: offset " + (at < left.count ? left.offsets[at] : "none")
                + " and " + (at < right.count ? right.offsets[at] : "none") + " of " + left.count
                + " and " + right.count + " records";
    }

    public static void main(String[] args) throws Exception {
        boolean equal = true;
        try (var left = consumer(args[0], args[2]); var right = consumer(args[1], args[2])) {
            for (String pair : Arrays.asList(args).subList(3, args.length)) {
                String[] topics = pair.split("=");
                List<String> hashes = new ArrayList<>();
                long records = 0;
                boolean same = true;
                List<Read> source = read(left, topics[0]);
                List<Read> target = read(right, topics[1]);
                int partitions = source.size();
                for (int p = 0; p < partitions; p++) {
                    Read a = source.get(p);
                    Read b = target.get(p);
                    String difference = difference(a, b);
                    if (difference != null) System.out.println(pair + " " + p + ": " + difference);
                    same &= difference == null;
                    records += a.count;
                    hashes.add(a.hash());
                }
                equal &= same;
                if (same)
                    System.out.println(topics[1] + " partitions " + partitions + " records " + records
                            + " hash " + String.join("-", hashes));
            }
        }
        System.exit(equal ? 0 : 1);
    }
}
