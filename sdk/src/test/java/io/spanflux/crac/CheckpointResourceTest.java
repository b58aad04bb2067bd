// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.crac;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** Checkpoints as the JVM announces them; the image itself is the JVM's matter. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class CheckpointResourceTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    /** Holds its resources weakly, as the JVM does. */
    private static final class WeakContext extends Context<Resource> {
        private final List<WeakReference<Resource>> resources = new ArrayList<>();

        @Override
        public void beforeCheckpoint(Context<? extends Resource> context) {}

        @Override
        public void afterRestore(Context<? extends Resource> context) {}

        @Override
        public void register(Resource resource) {
            resources.add(new WeakReference<>(resource));
        }

        private Resource only() {
            return resources.get(0).get();
        }
    }

    @Test
    void register_holdsTheResource_untilItIsDisposed() throws Exception {
        WeakContext context = new WeakContext();
        List<String> told = new ArrayList<>();
        CheckpointResource.register(context, () -> told.add("close"), () -> told.add("renew"));

        System.gc();
        Resource resource = context.only();
        assertThat(resource).isNotNull();
        resource.beforeCheckpoint(context);
        resource.afterRestore(context);
        assertThat(told).containsExactly("close", "renew");

        ((CheckpointResource) resource).dispose();
        resource.beforeCheckpoint(context);
        resource.afterRestore(context);
        assertThat(told).hasSize(2);
        resource = null;
        long deadline = System.nanoTime() + LONG.toNanos();
        while (context.only() != null) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            System.gc();
        }
    }

    @Test
    void closing_endsIt() {
        int before = CheckpointResource.REGISTERED.size();
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
                .checkpoints(true)
                .build();
        assertThat(CheckpointResource.REGISTERED).hasSize(before + 1);

        spanflux.awaitClose(LONG);

        long deadline = System.nanoTime() + LONG.toNanos();
        while (CheckpointResource.REGISTERED.size() > before) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void checkpoint_withACollectorThatHangs_isMade_andSaysWhatItHolds() {
        LogCapture logs = LogCapture.start();
        try (LoopbackServer server = LoopbackServer.start().otherwise(Behaviour.hang())) {
            Spanflux spanflux = Spanflux.builder()
                    .environment(Environment.of(Map.of()))
                    .exporter(OtlpExporter.builder()
                            .environment(Environment.of(Map.of()))
                            .endpoint(server.url("/v1/traces"))
                            .build())
                    .checkpoints(true)
                    .checkpointTimeout(Duration.ofMillis(500))
                    .build();
            spanflux.tracer().span("undelivered").start().end();

            CheckpointResource.REGISTERED.forEach(resource -> resource.beforeCheckpoint(Core.getGlobalContext()));

            assertThat(logs.warnings()).anyMatch(warning -> warning.contains("A checkpoint is made with 1 span(s)"));
            server.otherwise(Behaviour.ok());
            CheckpointResource.REGISTERED.forEach(resource -> resource.afterRestore(Core.getGlobalContext()));
            assertThat(spanflux.awaitFlush(LONG).isComplete()).isTrue();
            spanflux.awaitClose(LONG);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void checkpoint_findsNothingOfOursOpen_andARestoredProcessGoesOn(@TempDir Path spool) throws Exception {
        AtomicBoolean refused = new AtomicBoolean();
        try (LoopbackServer server = LoopbackServer.start()) {
            // So that the spool has something to hold, and its files open.
            server.otherwise(exchange -> exchange.answer(
                    exchange.request().path().equals("/spooled") && refused.compareAndSet(false, true) ? 503 : 200,
                    "{}"));
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Child.class.getName(),
                            server.url(""),
                            spool.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                List<String> lines = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
                assertThat(child.waitFor()).as("%s", lines).isZero();
                System.out.println("checkpoint: " + lines);
                for (int round = 0; round < Child.ROUNDS; round++) {
                    assertThat(lines.get(2 * round)).contains("socket:").contains("eventpoll");
                    assertThat(lines.get(2 * round + 1)).isEqualTo("closed []");
                }
                assertThat(lines.get(0)).contains(spool.toString());
                long spans = 2L * Child.ROUNDS * Child.SPANS + 2;
                assertThat(lines.get(2 * Child.ROUNDS)).isEqualTo("accepted " + spans + " sent " + spans);
            } finally {
                child.destroyForcibly();
            }
        }
    }

    /** Lives through a few checkpoints. */
    static final class Child {
        static final int ROUNDS = 3;
        static final int SPANS = 10;

        private Child() {}

        public static void main(String[] arguments) throws IOException {
            Path spool = Path.of(arguments[1]);
            // JDK 17 keeps a socket of its own from the first file channel of a process on.
            FileChannel.open(Path.of("/proc/self/stat")).close();
            TreeSet<String> before = open(spool);
            Spanflux spanflux = Spanflux.builder()
                    .environment(Environment.of(Map.of()))
                    .exporter(exporter(arguments[0] + "/plain").build())
                    .exporter(exporter(arguments[0] + "/spooled").spool(spool).build())
                    .checkpoints(true)
                    .closeOnExit(false)
                    .build();
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < SPANS; i++) {
                    spanflux.tracer().span("s").start().end();
                }
                spanflux.awaitFlush(LONG);
                System.out.println("open " + since(before, spool));
                CheckpointResource.REGISTERED.forEach(resource -> resource.beforeCheckpoint(Core.getGlobalContext()));
                System.out.println("closed " + since(before, spool));
                CheckpointResource.REGISTERED.forEach(resource -> resource.afterRestore(Core.getGlobalContext()));
            }
            spanflux.tracer().span("s").start().end();
            long deadline = System.nanoTime() + LONG.toNanos();
            while (spanflux.ledger().sent() < 2L * ROUNDS * SPANS + 2 && System.nanoTime() < deadline) {
                spanflux.awaitFlush(LONG);
                Thread.onSpinWait();
            }
            Ledger ledger = spanflux.awaitClose(LONG).ledger();
            System.out.println("accepted " + ledger.accepted() + " sent " + ledger.sent());
        }

        private static OtlpExporter.Builder exporter(String url) {
            return OtlpExporter.builder().environment(Environment.of(Map.of())).endpoint(url);
        }

        private static TreeSet<String> since(TreeSet<String> before, Path spool) throws IOException {
            TreeSet<String> open = open(spool);
            open.removeAll(before);
            return open;
        }

        /** What a checkpoint would have to save or refuse: sockets, what event loops wait with, files of the spool. */
        private static TreeSet<String> open(Path spool) throws IOException {
            TreeSet<String> open = new TreeSet<>();
            try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
                for (Path each : descriptors) {
                    try {
                        String target = Files.readSymbolicLink(each).toString();
                        if (target.startsWith("socket:")
                                || target.startsWith("anon_inode:")
                                || target.startsWith(spool.toString())) {
                            open.add(each.getFileName() + " " + target);
                        }
                    } catch (NoSuchFileException e) {
                        // The one that reads the list.
                    }
                }
            }
            return open;
        }
    }
}
