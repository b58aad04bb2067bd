// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.config.Environment;
import io.spanflux.spool.Spool;
import io.spanflux.test.LoopbackServer;
import io.spanflux.test.LoopbackServer.Behaviour;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.RetryPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** A disk on which a write ends in the middle: a process that may write no file of more than 64 KiB. */
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class SpoolDiskFullTest {
    @TempDir
    Path folder;

    @Test
    void writeThatEndsInTheMiddle_leavesTheBatchInMemory_noPieceOnDisk_andTheNextFits() throws Exception {
        try (LoopbackServer server = LoopbackServer.start()) {
            server.then(Behaviour.status(503, "")).then(Behaviour.ok()).otherwise(Behaviour.status(503, ""));

            String said = run(server.url("/v1/traces"));

            // 200 spans of 2 KB do not fit and were sent from memory; one span fits.
            assertThat(said).contains("large=sent 200", "small=spooled 1", "failedWrites=1");
            try (Stream<Path> files = Files.walk(folder)) {
                List<String> entries = files.filter(Files::isRegularFile)
                        .map(file -> file.getFileName().toString())
                        .filter(name -> !name.equals("lock"))
                        .toList();
                assertThat(entries).singleElement().asString().endsWith(".entry");
            }
        }
    }

    private String run(String url) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        "sh",
                        "-c",
                        "ulimit -f 128 && exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        folder.toString(),
                        url)
                .redirectErrorStream(true)
                .start();
        try (InputStream out = child.getInputStream()) {
            String said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor()).as(said).isZero();
            return said;
        }
    }

    /** Exports a batch that does not fit onto the disk, and one that does. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            Spool spool = Spool.builder(Path.of(arguments[0])).build();
            OtlpExporter exporter = OtlpExporter.builder()
                    .environment(Environment.of(Map.of()))
                    .endpoint(arguments[1])
                    .retryPolicy(new RetryPolicy(Duration.ofMillis(50), Duration.ofMillis(200), Duration.ofSeconds(30)))
                    .spool(spool)
                    .build();
            Tracer tracer = Tracer.builder().build();
            ExportResult large = exporter.export(spans(tracer, 200)).block(Duration.ofSeconds(60));
            ExportResult small = exporter.export(spans(tracer, 1)).block(Duration.ofSeconds(60));
            System.out.println("large=sent " + large.sent() + " small=spooled " + small.spooled() + " failedWrites="
                    + spool.counts().failedWrites());
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }

        private static List<Span> spans(Tracer tracer, int count) {
            return IntStream.range(0, count)
                    .mapToObj(i -> {
                        Span span = tracer.span("s" + i)
                                .attribute("padding", "x".repeat(2_000))
                                .start();
                        span.end();
                        return span;
                    })
                    .toList();
        }
    }
}
