// SPDX-License-Identifier: Apache-2.0
// An application that writes to a topic and reads it in a group, with its clients' own defaults:
// BOOTSTRAP TOPIC GROUP NAME PARTITIONS RATE STOP [CLIENT.KEY=VALUE ...], where CLIENT is producer,
// consumer or both. A record's value is NAME:NUMBER; numbers ascend by one in each partition. It
// writes until the file STOP is there, and reads until it is terminated. Each line that it prints
// is "sent PARTITION OFFSET VALUE", "read PARTITION OFFSET VALUE", "failed WHY" or "written".

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.Collections;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class ProduceAndConsume {
    static synchronized void say(String line) {
        System.out.println(line);
    }

    static Properties settings(String[] args, String client) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        for (int i = 7; i < args.length; i++) {
            String[] parts = args[i].split("[.]", 2);
            String[] pair = parts[1].split("=", 2);
            if (parts[0].equals(client) || parts[0].equals("both"))
                settings.put(pair[0], pair[1]);
        }
        return settings;
    }

    static void produce(String[] args) throws Exception {
        String topic = args[1], name = args[3];
        int partitions = Integer.parseInt(args[4]), rate = Integer.parseInt(args[5]);
        Path stop = Paths.get(args[6]);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                settings(args, "producer"), new StringSerializer(), new StringSerializer())) {
            for (int n = 0; !Files.exists(stop); n++) {
                int partition = n % partitions;
                String value = name + ":" + n / partitions;
                ProducerRecord<String, String> record =
                    new ProducerRecord<>(topic, partition, null, value);
                producer.send(record, (sent, failure) -> say(
                    failure == null ? "sent " + partition + " " + sent.offset() + " " + value
                                    : "failed " + value + " " + failure));
                Thread.sleep(1000 / rate);
            }
        }
        say("written");
    }

    static void consume(String[] args, KafkaConsumer<String, String> consumer) {
        try {
            consumer.subscribe(Collections.singleton(args[1]));
            while (true)
                for (ConsumerRecord<String, String> got : consumer.poll(Duration.ofMillis(200)))
                    say("read " + got.partition() + " " + got.offset() + " " + got.value());
        } catch (WakeupException over) {
            consumer.close();
        }
    }

    interface Work {
        void run() throws Exception;
    }

    static Thread start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable failure) {
                say("failed " + failure);
            }
        });
        thread.start();
        return thread;
    }

    public static void main(String[] args) throws Exception {
        Properties settings = settings(args, "consumer");
        settings.put("group.id", args[2]);
        settings.put("auto.offset.reset", "earliest");
        KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        Thread reading = start(() -> consume(args, consumer));
        Thread writing = start(() -> produce(args));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                reading.join(10000);
                writing.join(10000);
            } catch (InterruptedException late) {
                say("failed " + late);
            }
        }));
        writing.join();
        reading.join();
    }
}
