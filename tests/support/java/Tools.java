// SPDX-License-Identifier: Apache-2.0
// Runs Kafka's command-line tools one after the other in one JVM. On stdin, for each: a count of
// words (int), then the words (modified UTF-8): what the tool has as its stdin, its main class, its
// arguments. On stdout: its exit status (int), and what it printed (int, bytes).

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

public class Tools {
    /** What a tool's exit becomes: it unwinds the tool. */
    static class Ended extends Error {
        Ended() {
            super(null, null, false, false);
        }
    }

    static final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    static final List<Runnable> hooks = new ArrayList<>();
    static Integer status;

    static void end(int code, String message) {
        if (status == null)
            status = code;
        if (message != null)
            System.err.println(message);
        throw new Ended();
    }

    static void call(String main, String[] args) throws Exception {
        try {
            Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException failure) {
            if (failure.getCause() instanceof Ended)
                return;
            failure.getCause().printStackTrace();
            if (status == null)
                status = 1;
        }
    }

    static void run(String[] words) throws Exception {
        String[] args = new String[words.length - 2];
        System.arraycopy(words, 2, args, 0, args.length);
        System.setIn(new ByteArrayInputStream(words[0].getBytes(StandardCharsets.UTF_8)));
        status = null;
        hooks.clear();
        printed.reset();
        call(words[1], args);
        for (Runnable hook : new ArrayList<>(hooks))
            hook.run();
        System.out.flush();
    }

    static String[] read(DataInputStream in) throws Exception {
        String[] words = new String[in.readInt()];
        for (int i = 0; i < words.length; i++)
            words[i] = in.readUTF();
        return words;
    }

    public static void main(String[] args) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(System.out);
        PrintStream all = new PrintStream(printed, true);
        System.setOut(all);
        System.setErr(all);
        Exit.setExitProcedure(Tools::end);
        Exit.setHaltProcedure(Tools::end);
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        try {
            while (true) {
                run(read(in));
                out.writeInt(status == null ? 0 : status);
                out.writeInt(printed.size());
                printed.writeTo(out);
                out.flush();
            }
        } catch (EOFException end) {
            Runtime.getRuntime().halt(0);
        }
    }
}
