// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.export.OtlpExporter;
import io.spanflux.test.LogCapture;
import io.spanflux.test.LoopbackServer;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** Processes that have no zstd-jni, or cannot load it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ZstdMissingTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @Test
    void withoutTheLibrary_zstdIsRefusedInCode_ignoredInVariables_andAllElseWorks() throws Exception {
        String rest = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("zstd-jni"))
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(rest).isNotEqualTo(System.getProperty("java.class.path"));

        String why = "compression ZSTD needs com.github.luben:zstd-jni, which is not on the class path";
        assertThat(child("-cp", rest))
                .containsExactly(
                        "code: " + why + " (ClassNotFoundException)",
                        "again: " + why + " (ClassNotFoundException)",
                        "variable: OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=zstd is ignored: " + why,
                        "sent 1 as null",
                        "variable: OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=zstd is ignored: " + why,
                        "sent 1 as gzip");
    }

    @Test
    void whereItsNativeLibraryCannotBeUnpacked_theSame(@TempDir Path folder) throws Exception {
        List<String> said =
                child("-DZstdTempFolder=" + folder.resolve("missing"), "-cp", System.getProperty("java.class.path"));

        String why =
                "compression ZSTD needs com.github.luben:zstd-jni, whose native library cannot be loaded: Cannot unpack";
        assertThat(said).hasSize(6);
        assertThat(said.get(0)).startsWith("code: " + why).endsWith("(ExceptionInInitializerError)");
        assertThat(said.get(1)).startsWith("again: " + why);
        assertThat(said.get(2)).contains("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=zstd is ignored: " + why);
        assertThat(said.get(3)).isEqualTo("sent 1 as null");
        assertThat(said.get(5)).isEqualTo("sent 1 as gzip");
    }

    private static List<String> child(String... options) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(Stream.of(
                                List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString()),
                                List.of(options),
                                List.of(Child.class.getName()))
                        .flatMap(List::stream)
                        .toList())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            List<String> lines = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            assertThat(child.waitFor()).as("%s", lines).isZero();
            return lines;
        } finally {
            child.destroyForcibly();
        }
    }

    /** Asks for zstd in each way there is, and sends a span after each that is not refused. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            refused("code");
            refused("again");
            sent(Map.of("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"));
            sent(Map.of(
                    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd",
                    "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"));
        }

        private static void refused(String what) {
            try {
                OtlpExporter.builder()
                        .environment(Environment.of(Map.of()))
                        .compression(Compression.ZSTD)
                        .build();
            } catch (IllegalArgumentException e) {
                System.out.println(what + ": " + e.getMessage() + " ("
                        + e.getCause().getClass().getSimpleName() + ')');
            }
        }

        private static void sent(Map<String, String> variables) {
            LogCapture logs = LogCapture.start();
            try (LoopbackServer server = LoopbackServer.start()) {
                Spanflux spanflux = Spanflux.builder()
                        .environment(Environment.of(Map.of()))
                        .exporter(OtlpExporter.builder()
                                .environment(Environment.of(variables))
                                .endpoint(server.url("/v1/traces"))
                                .build())
                        .build();
                spanflux.tracer().span("s").start().end();
                long sent = spanflux.awaitClose(LONG).ledger().sent();
                logs.warnings().forEach(warning -> System.out.println("variable: " + warning));
                System.out.println(
                        "sent " + sent + " as " + server.requests().get(0).header("content-encoding"));
            }
        }
    }
}
