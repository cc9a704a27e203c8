// SPDX-License-Identifier: Apache-2.0
// A transactional producer as applications have it:
//   TransactionalWriter BOOTSTRAP TOPIC PARTITIONS NAME RATE
// Ten transactions a second, RATE records a second. A transaction that can be aborted is aborted
// and done again. Where the producer itself has failed, it is closed, and another one takes its
// transactional id, as Spring does. Values are NAME:NUMBER; numbers ascend by one in a partition.
// Prints "committed PARTITION NUMBER OFFSET" of each record once its transaction is committed,
// "aborted WHY" and "failed WHY". SIGTERM ends it between two transactions.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringSerializer;

public class TransactionalWriter {
    static volatile boolean over;
    final Map<String, Object> settings;
    final String topic, name;
    final int burst;
    int[] sent;
    int turn;

    TransactionalWriter(String[] args) {
        topic = args[1];
        sent = new int[Integer.parseInt(args[2])];
        name = args[3];
        burst = Math.max(1, Integer.parseInt(args[4]) / 10);
        settings = Map.of("bootstrap.servers", args[0], "transactional.id", name);
    }

    static void tell(String what, Exception why) {
        StringBuilder text = new StringBuilder(what);
        for (Throwable each = why; each != null; each = each.getCause())
            text.append(' ').append(each.getClass().getSimpleName());
        System.out.println(text);
        why.printStackTrace();
    }

    static void commit(KafkaProducer<String, String> producer) {
        while (true) {
            try {
                producer.commitTransaction();
                return;
            } catch (TimeoutException unknown) {
                System.out.println("a commit is repeated");
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
            String value = name + ":" + numbers.get(i);
            results.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
        }
        commit(producer);
        sent = next;
        turn++;
        for (int i = 0; i < burst; i++) {
            RecordMetadata where = results.get(i).get();
            System.out.println("committed " + where.partition() + " " + numbers.get(i) + " "
                    + where.offset());
        }
    }

    /** Until the end; throws what the producer can't go on after. */
    void run(KafkaProducer<String, String> producer) throws Exception {
        producer.initTransactions();
        for (; !over; Thread.sleep(100)) {
            try {
                transact(producer);
            } catch (ProducerFencedException | AuthorizationException failed) {
                throw failed;
            } catch (KafkaException failed) {
                tell("aborted", failed);
                producer.abortTransaction();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        var writer = new TransactionalWriter(args);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            over = true;
            try {
                main.join();
            } catch (InterruptedException ignored) {
                // it ends anyway
            }
        }));
        while (!over) {
            try (var producer = new KafkaProducer<>(
                    writer.settings, new StringSerializer(), new StringSerializer())) {
                writer.run(producer);
            } catch (KafkaException failed) {
                tell("failed", failed);
            }
        }
    }
}
