// SPDX-License-Identifier: Apache-2.0
//
// Writes golden record batches for tests/unit/batch/test_batch.c: each magic and codec that kafka-clients
// can write, each with the same ten records (no headers below magic 2).
//
//   java -cp 'build/kafka-4.1.0/lib/*' tests/support/wire/GoldenBatches.java tests/unit/data/wire
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;

public class GoldenBatches {
    static final long BASE = 1700000000000L;

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static SimpleRecord[] records(boolean headers) {
        SimpleRecord[] records = new SimpleRecord[10];
        for (int i = 0; i < 10; i++) {
            byte[] key = i % 3 == 1 ? null : bytes("key-" + i);
            byte[] value = i % 4 == 2 ? null : bytes("value-" + i + "-" + "x".repeat(i * 40));
            Header[] list = headers && i % 2 == 0
                ? new Header[] {new RecordHeader("h" + i, bytes("header-" + i)), new RecordHeader("n", (byte[]) null)}
                : new Header[0];
            records[i] = new SimpleRecord(BASE + i * 7L - (i == 5 ? 100 : 0), key, value, list);
        }
        return records;
    }

    static void write(PrintWriter out, String name, MemoryRecords records) {
        ByteBuffer buffer = records.buffer().duplicate();
        StringBuilder hex = new StringBuilder();
        while (buffer.hasRemaining())
            hex.append(String.format("%02x", buffer.get()));
        out.println(name + " " + hex);
    }

    public static void main(String[] args) throws Exception {
        try (PrintWriter out = new PrintWriter(args[0] + "/batches.golden", StandardCharsets.UTF_8)) {
            for (byte magic = 0; magic <= 2; magic++) {
                for (CompressionType type : CompressionType.values()) {
                    if (type == CompressionType.ZSTD && magic < 2)
                        continue;
                    try {
                        write(out, "magic" + magic + "-" + type.name,
                            MemoryRecords.withRecords(magic, 100L, Compression.of(type).build(),
                                TimestampType.CREATE_TIME, records(magic == 2)));
                    } catch (IllegalArgumentException e) {
                        System.err.println(magic + " " + type + ": " + e.getMessage());
                    }
                }
            }
            write(out, "append-time", MemoryRecords.withRecords((byte) 2, 100L, Compression.NONE,
                TimestampType.LOG_APPEND_TIME, records(true)));
            write(out, "idempotent", MemoryRecords.withIdempotentRecords((byte) 2, 100L, Compression.NONE,
                4711L, (short) 3, 77, 5, records(true)));
            write(out, "transactional", MemoryRecords.withTransactionalRecords(100L, Compression.NONE,
                4711L, (short) 3, 77, 5, records(true)));
            write(out, "marker", MemoryRecords.withEndTransactionMarker(100L, BASE, 5, 4711L, (short) 3,
                new EndTransactionMarker(ControlRecordType.COMMIT, 9)));
        }
    }
}
