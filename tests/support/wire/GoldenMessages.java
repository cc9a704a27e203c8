// SPDX-License-Identifier: Apache-2.0
//
// Writes golden bytes of protocol messages for tests/unit/wire/test_codec.c: for each API, direction and
// version one message with all fields set and one with as little as possible, as kafka-clients encodes
// them. A field's value follows from its name, so that the test sees whether a value landed in the right
// member.
//
//   java -cp 'build/kafka-4.1.0/lib/*' tests/support/wire/GoldenMessages.java tests/unit/data/wire
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.io.PrintWriter;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.MemoryRecords;

public class GoldenMessages {
    static final String[] APIS = {
        "Produce", "Fetch", "ListOffsets", "Metadata", "OffsetCommit", "OffsetFetch", "FindCoordinator",
        "JoinGroup", "Heartbeat", "LeaveGroup", "SyncGroup", "DescribeGroups", "ListGroups",
        "SaslHandshake", "ApiVersions", "CreateTopics", "DeleteTopics", "DeleteRecords",
        "InitProducerId", "OffsetForLeaderEpoch", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn",
        "TxnOffsetCommit", "DescribeAcls", "CreateAcls", "DeleteAcls", "DescribeConfigs", "AlterConfigs",
        "SaslAuthenticate", "CreatePartitions", "IncrementalAlterConfigs", "DescribeClientQuotas",
        "AlterClientQuotas", "DescribeUserScramCredentials", "DescribeCluster",
        "DescribeProducers", "ConsumerGroupHeartbeat", "ConsumerGroupDescribe",
        "DescribeTopicPartitions", "WriteTxnMarkers", "DescribeTransactions", "ListTransactions",
        "ShareFetch", "ShareAcknowledge"};
    static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        MAPPER.configure(JsonParser.Feature.ALLOW_COMMENTS, true);
        for (String api : APIS) {
            try (PrintWriter out = new PrintWriter(args[0] + "/" + api + ".golden", StandardCharsets.UTF_8)) {
                for (String direction : new String[] {"Request", "Response"})
                    new GoldenMessages(api + direction).write(direction.toLowerCase(), out);
            }
        }
    }

    final JsonNode spec;
    final String className;
    final Map<String, JsonNode> common = new HashMap<>();
    short version;
    boolean full;

    GoldenMessages(String name) throws Exception {
        try (InputStream in = Message.class.getResourceAsStream("/common/message/" + name + ".json")) {
            spec = MAPPER.readTree(in);
        }
        className = "org.apache.kafka.common.message." + name + "Data";
        if (spec.has("commonStructs"))
            for (JsonNode struct : spec.get("commonStructs"))
                common.put(struct.get("name").asText(), struct.get("fields"));
    }

    void write(String direction, PrintWriter out) throws Exception {
        int[] range = range(spec.get("validVersions").asText());
        for (version = (short) range[0]; version <= range[1]; version++) {
            for (boolean all : new boolean[] {true, false}) {
                full = all;
                Message message = (Message) build(Class.forName(className), spec.get("fields"));
                ObjectSerializationCache cache = new ObjectSerializationCache();
                ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
                message.write(new ByteBufferAccessor(buffer), cache, version);
                StringBuilder hex = new StringBuilder();
                for (byte b : buffer.array())
                    hex.append(String.format("%02x", b));
                out.println(direction + " " + version + " " + (full ? "full" : "least") + " " + hex);
            }
        }
    }

    static int[] range(String text) {
        if (text.equals("none"))
            return new int[] {1, 0};
        if (text.endsWith("+"))
            return new int[] {Integer.parseInt(text.substring(0, text.length() - 1)), Short.MAX_VALUE};
        String[] ends = text.split("-");
        return new int[] {Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])};
    }

    boolean in(String versions) {
        int[] range = range(versions);
        return version >= range[0] && version <= range[1];
    }

    Object build(Class<?> type, JsonNode fields) throws Exception {
        Object object = type.getDeclaredConstructor().newInstance();
        for (JsonNode field : fields) {
            if (!in(field.get("versions").asText()))
                continue;
            Method setter = setter(type, field.get("name").asText());
            Object value = value(field, setter.getParameterTypes()[0]);
            if (value != SKIP)
                setter.invoke(object, value);
        }
        return object;
    }

    static Method setter(Class<?> type, String name) {
        for (Method method : type.getMethods())
            if (method.getName().equalsIgnoreCase("set" + name))
                return method;
        throw new IllegalStateException(type + " has no setter for " + name);
    }

    static final Object SKIP = new Object();

    Object value(JsonNode field, Class<?> parameter) throws Exception {
        String type = field.get("type").asText();
        boolean nullable = field.has("nullableVersions") && in(field.get("nullableVersions").asText());
        String element = type.startsWith("[]") ? type.substring(2) : type;
        if (!full && nullable)
            return null;
        if (!full && !type.equals("string") && !type.equals("bytes") && !type.startsWith("[]"))
            return struct(element, field) == null ? SKIP : build(nested(element), struct(element, field));
        if (!type.startsWith("[]"))
            return struct(type, field) == null ? primitive(type, field.get("name").asText())
                                               : build(nested(type), struct(type, field));
        Collection<Object> list = parameter == java.util.List.class
            ? new ArrayList<>()
            : (Collection<Object>) parameter.getDeclaredConstructor().newInstance();
        for (int i = 0; i < (full ? 2 : 0); i++)
            list.add(struct(element, field) == null ? primitive(element, field.get("name").asText())
                                                    : build(nested(element), struct(element, field)));
        return list;
    }

    JsonNode struct(String type, JsonNode field) {
        return field.has("fields") ? field.get("fields") : common.get(type);
    }

    Class<?> nested(String type) throws Exception {
        return Class.forName(className + "$" + type);
    }

    /* FNV-1a of the name in lower case. */
    static long hash(String name) {
        long hash = 0x811c9dc5L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8))
            hash = ((hash ^ b) * 0x01000193L) & 0xffffffffL;
        return hash;
    }

    Object primitive(String type, String fieldName) {
        String name = fieldName.toLowerCase();
        long hash = hash(name);
        switch (type) {
            case "bool": return true;
            case "int8": return (byte) (hash & 0x7f);
            case "int16": return (short) (hash & 0x7fff);
            case "int32": return (int) (hash & 0x7fffffff);
            case "int64": return hash * 1000003L;
            case "float64": return Double.longBitsToDouble(hash * 1000003L);
            case "uuid": return new Uuid(hash * 1000003L, hash);
            case "string": return full ? "s-" + name : "";
            case "bytes": return bytes(name);
            case "records": return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(name)));
            default: throw new IllegalStateException(type);
        }
    }

    byte[] bytes(String name) {
        return (full ? "b-" + name : "").getBytes(StandardCharsets.UTF_8);
    }
}
