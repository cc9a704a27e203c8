// SPDX-License-Identifier: Apache-2.0
// Runs the main class named first, a Connect worker's, without the shutdown hook of Jetty.
// A worker has two that stop its REST server, Connect's and Jetty's. Where they meet, Connect's
// waits in there, for a minute or for ever, and the tasks run on: nothing that a test is about.

import java.util.Arrays;
import org.eclipse.jetty.util.thread.ShutdownThread;

public class WithoutJettyHook {
    static void removeHook() {
        try {
            while (!Runtime.getRuntime().removeShutdownHook(ShutdownThread.getInstance()))
                Thread.sleep(50);
        } catch (IllegalStateException | InterruptedException stopping) {
            // It ends before its server has started.
        }
    }

    public static void main(String[] args) throws Exception {
        Thread remover = new Thread(WithoutJettyHook::removeHook, "jetty-hook-remover");
        remover.setDaemon(true);
        remover.start();
        Class.forName(args[0]).getMethod("main", String[].class)
                .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    }
}
