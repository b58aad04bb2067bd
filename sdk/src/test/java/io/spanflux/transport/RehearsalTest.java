// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.spanflux.config.Environment;
import io.spanflux.export.ExportResult;
import io.spanflux.export.OtlpExporter;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

class RehearsalTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    /** Those of a rehearsal that another test began in this process are not asked for here. */
    private final Set<Thread> before = threads();

    @Test
    void run_deliversASpanInsideTheProcess_andLeavesNoThread() {
        List<String> written = new CopyOnWriteArrayList<>();
        Payload example = new Payload() {
            @Override
            public String contentType() {
                return "text/plain";
            }

            @Override
            public Writing begin(OutputStream out) {
                return () -> {
                    out.write('a');
                    written.add(Thread.currentThread().getName());
                    return false;
                };
            }
        };

        Response response =
                Rehearsal.of(example).subscribeOn(Schedulers.boundedElastic()).block(LONG);

        assertThat(response).isNotNull();
        assertThat(response.status()).isEqualTo(200);
        assertThat(written).containsExactly("spanflux-warm-up");

        awaitNoThread();
    }

    @Test
    void ofTls_succeeds() {
        OtlpExporter exporter = OtlpExporter.builder()
                .environment(Environment.of(Map.of()))
                .endpoint("https://127.0.0.1")
                .build();
        StepVerifier.create(Flux.range(0, 3).concatMap(i -> exporter.warmUp()))
                .expectComplete()
                .verify(LONG);
        awaitNoThread();

        // This one, or whichever was the first of this process.
        assertThat(LogCapture.all()).noneMatch(event -> event.logger().equals(Rehearsal.class.getName()));
    }

    private void awaitNoThread() {
        long end = System.nanoTime() + LONG.toNanos();
        Set<Thread> left = left();
        while (!left.isEmpty()) {
            assertThat(System.nanoTime()).as("%s", left).isLessThan(end);
            Thread.onSpinWait();
            left = left();
        }
    }

    private Set<Thread> left() {
        Set<Thread> left = threads();
        left.removeAll(before);
        return left;
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("spanflux-warm-up"))
                .collect(Collectors.toSet());
    }

    /** What it is for: classes, which take more of a first export's time than anything else. */
    @Test
    void ofANewProcess_loadsNearlyAllThatTheFirstExportNeeds() throws Exception {
        int cold = classesOfTheFirstExport(false);
        int warm = classesOfTheFirstExport(true);
        System.out.println("classes that the first export loads: " + cold + ", after a rehearsal " + warm);

        assertThat(warm).isBetween(0, cold / 5);
    }

    private static int classesOfTheFirstExport(boolean warmUp) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        FirstExport.class.getName(),
                        Boolean.toString(warmUp))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
            return Integer.parseInt(said.strip());
        } finally {
            process.destroyForcibly();
        }
    }

    /** Exports a span, and says how many classes that loaded. */
    static final class FirstExport {
        public static void main(String[] arguments) {
            try (LoopbackServer server = LoopbackServer.start()) {
                OtlpExporter exporter = OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .endpoint(server.url("/v1/traces"))
                        .build();
                Span span =
                        Tracer.builder().build().span("a").attribute("b", "c").start();
                span.end();
                ClassLoadingMXBean classes = ManagementFactory.getClassLoadingMXBean();
                if (Boolean.parseBoolean(arguments[0])) {
                    exporter.warmUp().block(LONG);
                }
                long before = classes.getTotalLoadedClassCount();
                ExportResult result = exporter.export(List.of(span)).block(LONG);
                long loaded = classes.getTotalLoadedClassCount() - before;
                exporter.close().block(LONG);
                System.out.println(ExportResult.sent(1).equals(result) ? loaded : -1);
            }
        }
    }
}
