// SPDX-License-Identifier: Apache-2.0
// Applications of Java that live in one process, so that many of them can be started and restarted
// cheaply. Each line of the standard input begins or ends one:
//   write NAME BOOTSTRAP TOPIC PARTITIONS RATE [KEY=VALUE ...]
//   read NAME BOOTSTRAP GROUP TOPIC,... [KEY=VALUE ...]
//   close NAME
// A writer's values are NAME:NUMBER; numbers ascend by one in each partition. With a transactional.id
// it writes in transactions. Each line of the output begins with NAME, and goes on with
//   sent PARTITION NUMBER OFFSET      acknowledged; in a transaction: committed
//   aborted WHY                       a transaction, which is done again
//   again WHY                         a producer has failed; another one takes its transactional id
//   read TOPIC PARTITION OFFSET WHEN  processed; in nanoseconds
//   committed TOPIC PARTITION OFFSET WHEN
//   failed WHY                        it can't go on
//   closed

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class ManyApplications {
    static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano();
    }

    static synchronized void say(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words)
            line.append(line.length() == 0 ? "" : " ").append(word);
        System.out.println(line);
    }

    static void sayWhy(String name, String what, Throwable failure) {
        StringBuilder why = new StringBuilder();
        for (Throwable each = failure; each != null; each = each.getCause())
            why.append(' ').append(each.toString().replace('\n', ' '));
        say(name, what + why);
    }

    abstract static class Application extends Thread {
        final String name;
        final Map<String, Object> settings = new HashMap<>();
        volatile boolean over;

        Application(String[] words, int settingsFrom) {
            name = words[1];
            settings.put("bootstrap.servers", words[2]);
            for (int i = settingsFrom; i < words.length; i++) {
                String[] pair = words[i].split("=", 2);
                settings.put(pair[0], pair[1]);
            }
        }

        abstract void work() throws Exception;

        @Override
        public void run() {
            try {
                work();
                say(name, "closed");
            } catch (Throwable failure) {
                sayWhy(name, "failed", failure);
            }
        }
    }

    static class Writer extends Application {
        final String topic;
        final int burst;
        int[] sent;
        int turn;

        Writer(String[] words) {
            super(words, 6);
            topic = words[3];
            sent = new int[Integer.parseInt(words[4])];
            burst = Math.max(1, Integer.parseInt(words[5]) / 10);
        }

        KafkaProducer<String, String> producer() {
            return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
        }

        ProducerRecord<String, String> record(int partition, int number) {
            String key = "key-" + partition + "-" + number % 20, value = name + ":" + number;
            return new ProducerRecord<>(topic, partition, key, value);
        }

        void writePlainly() throws Exception {
            try (KafkaProducer<String, String> producer = producer()) {
                for (; !over; turn++, Thread.sleep(100)) {
                    for (int i = 0; i < burst; i++) {
                        int partition = (turn * burst + i) % sent.length;
                        int number = sent[partition]++;
                        producer.send(record(partition, number), (where, failure) -> {
                            if (failure == null)
                                say(name, "sent", partition, number, where.offset());
                            else
                                sayWhy(name, "failed", failure);
                        });
                    }
                }
            }
        }

        void commit(KafkaProducer<String, String> producer) {
            while (true) {
                try {
                    producer.commitTransaction();
                    return;
                } catch (TimeoutException unknown) {
                    say(name, "commits again");
                }
            }
        }

        void transact(KafkaProducer<String, String> producer) throws Exception {
            int[] next = sent.clone();
            List<Future<RecordMetadata>> results = new ArrayList<>();
            List<Integer> numbers = new ArrayList<>();
            producer.beginTransaction();
            for (int i = 0; i < burst; i++) {
                int partition = (turn * burst + i) % next.length;
                numbers.add(next[partition]++);
                results.add(producer.send(record(partition, numbers.get(i))));
            }
            commit(producer);
            sent = next;
            turn++;
            for (int i = 0; i < burst; i++) {
                RecordMetadata where = results.get(i).get();
                say(name, "sent", where.partition(), numbers.get(i), where.offset());
            }
        }

        /** Until the end; throws what the producer can't go on after. */
        void transactWith(KafkaProducer<String, String> producer) throws Exception {
            producer.initTransactions();
            for (; !over; Thread.sleep(100)) {
                try {
                    transact(producer);
                } catch (ProducerFencedException | AuthorizationException failed) {
                    throw failed;
                } catch (KafkaException failed) {
                    sayWhy(name, "aborted", failed);
                    producer.abortTransaction();
                }
            }
        }

        @Override
        void work() throws Exception {
            if (!settings.containsKey("transactional.id")) {
                writePlainly();
                return;
            }
            while (!over) {
                try (KafkaProducer<String, String> producer = producer()) {
                    transactWith(producer);
                } catch (KafkaException failed) {
                    sayWhy(name, "again", failed);
                }
            }
        }
    }

    /** Tells what a consumer has committed. */
    public static class Committed implements ConsumerInterceptor<String, String> {
        private String name;

        @Override
        public void configure(Map<String, ?> settings) {
            name = (String) settings.get("application.name");
        }

        @Override
        public ConsumerRecords<String, String> onConsume(ConsumerRecords<String, String> records) {
            return records;
        }

        @Override
        public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
            long when = now();
            offsets.forEach((place, offset) -> say(name, "committed", place.topic(),
                    place.partition(), offset.offset(), when));
        }

        @Override
        public void close() {}
    }

    static class Reader extends Application {
        final List<String> topics;

        Reader(String[] words) {
            super(words, 5);
            topics = List.of(words[4].split(","));
            settings.put("group.id", words[3]);
            settings.put("interceptor.classes", Committed.class.getName());
            settings.put("application.name", name);
        }

        @Override
        void work() {
            try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                    settings, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(topics);
                while (!over)
                    for (ConsumerRecord<String, String> got : consumer.poll(Duration.ofMillis(100)))
                        say(name, "read", got.topic(), got.partition(), got.offset(), now());
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Map<String, Application> running = new HashMap<>();
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("close")) {
                running.remove(words[1]).over = true;
                continue;
            }
            Application one = words[0].equals("write") ? new Writer(words) : new Reader(words);
            running.put(one.name, one);
            one.start();
        }
        for (Application one : running.values())
            one.over = true;
    }
}
