// SPDX-License-Identifier: Apache-2.0
//
// What the converter of Connect's internal topics makes of damaged and foreign values, for
// tests/unit/storage/test_config_reader.c: "accepted" advances the config offset, "refused" doesn't.
// Workers of a group must agree on that, or they never agree on an assignment. The value is in hex.
//
//   java -cp 'build/kafka-4.1.0/lib/*' tests/support/storage/GoldenConfigValues.java \
//       > tests/unit/data/storage/config_values.tsv
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;

public class GoldenConfigValues {
    static String nested(int depth) {
        return "[".repeat(depth) + "]".repeat(depth);
    }

    public static void main(String[] args) {
        String[] texts = {
            "{\"tasks\":1}", "null", "nullx", "", " ", "\n\t ", " null ", "{}", "[]", "1", "-0", "01", "+1", "1.5", "1e400", "-1e400", "1e5",
            "1.", ".5", "1e", "--1", "0x10", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "-9223372036854775809", "123456789012345678901234567890", "{\"a\":123456789012345678901234567890}",
            "true", "tru", "truex", "\"text\"", "\"open", "text", "'single'", "{a:1}", "{'a':1}", "{\"a\":1,}", "[1,]", "[1 2]",
            "{\"a\":1}{\"b\":2}", "{\"a\":1} rubbish", "{\"a\":1}]", "{} {", "1 2", "1 x", "{\"a\":1", "{\"a\"", "{\"a\":1,\"a\":2}",
            "// comment\n{}", "/* comment */{}", "NaN", "Infinity", "-Infinity", "{\"a\":NaN}", "\u0000", "{}\u0000",
            "\"a\\u0000b\"", "{\"\\u0000\":1}", "{\"a\\u0000b\":{\"c\":\"d\\u0000\"}}", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uD83D\\uDE00\"",
            "\"\\x\"", "\"\\u12\"", "\"a\tb\"", "\"a\nb\"", "\"a\u0001b\"", "\"a\u007fb\"", "\ufeff{}", "\ufeff", nested(999), nested(1000), nested(1001), nested(1100), nested(2100),
            "\"" + "1".repeat(300) + "\"", "1".repeat(999), "1".repeat(1000), "1".repeat(1001), "0." + "1".repeat(1001), "{\"a\":" + "9".repeat(400) + "}",
            "{\"a\":1e999999999}", "[1e2147483648]", "\r\n{}\r\n", "\f{}", "\u00a0{}", "-01", "00", "-", "- 1", "1x", "1]", "1,", "1\"", "[1x]", "[01]", "{\"a\":01}", "[nullx]", "[true,false,null]",
            "[1.5e+3,-2E-2]", "[1.e3]", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{,}", "{\"a\":}", "[", "{", "]", "}", "[}", "{\"a\":[}", "[[]", "[]x", "\"a\"x", "true 1", "null 1", "nul", "falsey", "[1 ,\t2]", "\"\\u00e9\\/\\b\\f\"",
            "0." + "1".repeat(998), "0." + "1".repeat(999), "-" + "1".repeat(1000), "1".repeat(500) + "e" + "1".repeat(5), "1e2147483647", "1e-2147483647", "1e-2147483648", "1e+00000000000000000001",
        };
        for (String text : texts)
            print(text.getBytes(StandardCharsets.UTF_8));
        int[][] raw = {
            {'"', 0xff, '"'}, {'"', 0xc3, '"'}, {'"', 0xc0, 0x80, '"'}, {'"', 0xed, 0xa0, 0x80, '"'}, {'"', 0xf5, 0x80, 0x80, 0x80, '"'},
            {'"', 0xf0, 0x9f, 0x98, 0x80, '"'}, {'"', 0xe2, 0x82, '"'}, {'"', 0x80, '"'}, {'{', '}', 0xff}, {0xff}, {'{', '"', 0xff, '"', ':', '1', '}'},
            {'"', 0xe0, 0x80, 0x80, '"'}, {'"', 0xf0, 0x80, 0x80, 0x80, '"'}, {'"', 0xf4, 0x90, 0x80, 0x80, '"'}, {'"', 0xf8, 0x88, 0x80, 0x80, 0x80, '"'},
            {'n', 'u', 'l', 'l', 0xff}, {'n', 'u', 'l', 'l', 0xc3, 0xa4}, {'1', 0xff, ' ', ' '}, {'t', 'r', 'u', 'e', '_'}, {'t', 'r', 'u', 'e', '}'}, {'t', 'r', 'u', 'e', '"'},
        };
        for (int[] bytes : raw) {
            byte[] value = new byte[bytes.length];
            for (int i = 0; i < bytes.length; i++)
                value[i] = (byte) bytes[i];
            print(value);
        }
    }

    static void print(byte[] value) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "false"), false);
        String verdict;
        try {
            Object read = converter.toConnectData("configs", value).value();
            verdict = read == null ? "null" : "accepted";
        } catch (DataException e) {
            verdict = "refused";
        } catch (Throwable e) {
            verdict = "ends the reader: " + e.getClass().getSimpleName();
        }
        String text = new String(value, StandardCharsets.UTF_8).replaceAll("[\\p{Cntrl}]", ".");
        System.out.println(HexFormat.of().formatHex(value) + "\t" + verdict + "\t" + text.substring(0, Math.min(30, text.length())));
    }
}
