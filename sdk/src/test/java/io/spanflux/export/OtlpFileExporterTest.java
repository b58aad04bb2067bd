// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.genai.Generation;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

@Timeout(60)
class OtlpFileExporterTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Tracer tracer = Tracer.builder().build();

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("traces.jsonl");
    }

    private Span ended(String name) {
        Span span = tracer.span(name).start().attribute("text", "line 1\nline 2 \u2713");
        span.end();
        return span;
    }

    private static ExportResult export(OtlpFileExporter exporter, Span... spans) {
        return exporter.export(List.of(spans)).block(PATIENCE);
    }

    private static void close(OtlpFileExporter exporter) {
        exporter.close().block(PATIENCE);
    }

    private static String encoded(SpanEncoder encoder, Span... spans) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        SpanEncoder.Encoding encoding = encoder.begin(bytes);
        for (Span span : spans) {
            encoding.write(span);
        }
        encoding.end();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** What a receiver of {@code traces*.jsonl} reads: names of spans, a full file before the one that is written. */
    private List<String> names() throws IOException {
        List<Path> inOrder = new ArrayList<>(files());
        if (inOrder.remove(file())) {
            inOrder.add(file());
        }
        List<String> names = new ArrayList<>();
        for (Path each : inOrder) {
            for (String line : Files.readAllLines(each)) {
                JSON.readTree(line)
                        .at("/resourceSpans/0/scopeSpans/0/spans")
                        .values()
                        .forEach(span -> names.add(span.get("name").asString()));
            }
        }
        return names;
    }

    @Test
    void lines_areWhatTheEncoderGives_aBatchALine() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        Span first = ended("first");
        Span second = ended("second");
        Span third = ended("third");

        assertThat(export(exporter, first, second)).isEqualTo(ExportResult.sent(2));
        assertThat(export(exporter, third)).isEqualTo(ExportResult.sent(1));

        assertThat(Files.readString(file()))
                .isEqualTo(encoded(new OtlpJsonEncoder(), first, second) + "\n" + encoded(new OtlpJsonEncoder(), third)
                        + "\n");
        JsonNode read = JSON.readTree(Files.readAllLines(file()).get(0));
        assertThat(read.at("/resourceSpans/0/scopeSpans/0/spans/1/attributes/0/value/stringValue")
                        .asString())
                .isEqualTo("line 1\nline 2 \u2713");
        close(exporter);
    }

    @Test
    void dialect_isTheOneThatWasChosen() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file())
                .dialect(AttributeDialect.llmTracekit())
                .build();
        Span span = tracer.span(Generation.chat("openai", "m")).start();
        span.end();

        export(exporter, span);

        assertThat(Files.readString(file())).contains("gen_ai.system").doesNotContain("gen_ai.provider.name");
        close(exporter);
    }

    @Test
    void rotation_losesNothing_andNoFileIsOverItsBound() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file())
                .maxFileSize(2_000)
                .maxFiles(100)
                .build();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            expected.add("span-" + i);
            assertThat(export(exporter, ended("span-" + i))).isEqualTo(ExportResult.sent(1));
        }
        close(exporter);

        assertThat(names()).isEqualTo(expected);
        assertThat(files()).hasSizeBetween(10, 60).contains(file(), folder.resolve("traces-000001.jsonl"));
        for (Path each : files()) {
            assertThat(Files.size(each)).as(each.toString()).isBetween(1L, 2_000L);
        }
        assertThat(exporter.deletedFiles()).isZero();
    }

    @Test
    void rotation_keepsTheNewestFiles_andCountsTheOthers() throws IOException {
        OtlpFileExporter exporter =
                OtlpFileExporter.builder(file()).maxFileSize(1_024).maxFiles(3).build();
        for (int i = 0; i < 20; i++) {
            export(exporter, ended("span-" + i));
        }
        close(exporter);

        assertThat(files()).hasSize(3);
        List<String> kept = names();
        assertThat(kept).endsWith("span-18", "span-19").doesNotContain("span-0");
        assertThat(exporter.deletedFiles()).isPositive();
        assertThat(new TreeSet<>(kept)).hasSameSizeAs(kept);
    }

    @Test
    void restart_appends_andNumbersGoOn() throws IOException {
        OtlpFileExporter before =
                OtlpFileExporter.builder(file()).maxFileSize(1_024).build();
        for (int i = 0; i < 4; i++) {
            export(before, ended("before-" + i));
        }
        close(before);
        int filesBefore = files().size();

        OtlpFileExporter after =
                OtlpFileExporter.builder(file()).maxFileSize(1_024).build();
        for (int i = 0; i < 4; i++) {
            export(after, ended("after-" + i));
        }
        close(after);

        assertThat(files().size()).isGreaterThan(filesBefore);
        assertThat(names())
                .containsExactly(
                        "before-0", "before-1", "before-2", "before-3", "after-0", "after-1", "after-2", "after-3");
    }

    @Test
    void restart_afterAProcessThatDiedInsideALine_spoilsNoOther() throws IOException {
        Files.writeString(file(), "{\"resourceSpans\":[{\"reso");
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        Span span = ended("whole");

        export(exporter, span);
        close(exporter);

        assertThat(Files.readAllLines(file()))
                .containsExactly("{\"resourceSpans\":[{\"reso", encoded(new OtlpJsonEncoder(), span));
    }

    @Test
    void fileThatSomeoneMovedAway_isBegunAnew() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        export(exporter, ended("first"));
        Files.move(file(), folder.resolve("elsewhere"));

        export(exporter, ended("second"));
        close(exporter);

        assertThat(Files.readString(file())).contains("second").doesNotContain("first");
        assertThat(Files.readString(folder.resolve("elsewhere"))).contains("first");
    }

    @Test
    void brokenFolder_isWarnedOfAndCounted_andMendedLater() throws IOException {
        Path notAFolder = folder.resolve("occupied");
        Files.writeString(notAFolder, "a file");
        OtlpFileExporter exporter =
                OtlpFileExporter.builder(notAFolder.resolve("traces.jsonl")).build();
        LogCapture logs = LogCapture.start();
        assertThat(export(exporter, ended("a"), ended("b"))).isEqualTo(ExportResult.dropped(DropCause.UNWRITABLE, 2));
        assertThat(logs.warnings()).anyMatch(message -> message.contains("2 spans could not be written"));

        Files.delete(notAFolder);
        assertThat(export(exporter, ended("c"))).isEqualTo(ExportResult.sent(1));
        close(exporter);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void fullDisk_isCounted_andNeverAnException() {
        // Takes no byte, as a full disk does.
        Path full = Path.of("/dev/full");
        OtlpFileExporter exporter = OtlpFileExporter.builder(full).build();
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(exporter)
                .build();
        LogCapture logs = LogCapture.start();
        try {
            spanflux.tracer().span("lost").start().end();
            assertThat(spanflux.awaitFlush(PATIENCE).timedOut()).isFalse();

            assertThat(spanflux.ledger().dropped(DropCause.UNWRITABLE)).isEqualTo(1);
            assertThat(logs.warnings())
                    .anyMatch(message -> message.contains("1 spans could not be written to /dev/full"));
        } finally {
            spanflux.awaitClose(PATIENCE);
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void files_areTheirOwnersOnly() throws IOException {
        Path own = folder.resolve("own").resolve("traces.jsonl");
        OtlpFileExporter exporter =
                OtlpFileExporter.builder(own).maxFileSize(1_024).build();
        export(exporter, ended("a"), ended("b"));
        export(exporter, ended("c"));
        close(exporter);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(own.getParent())))
                .isEqualTo("rwx------");
        for (Path each : List.of(own, own.resolveSibling("traces-000001.jsonl"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void linkInPlaceOfTheFile_isNotFollowed() throws IOException {
        Path target = folder.resolve("target");
        Files.writeString(target, "precious");
        Files.createSymbolicLink(file(), target);
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();

        assertThat(export(exporter, ended("a"))).isEqualTo(ExportResult.dropped(DropCause.UNWRITABLE, 1));
        assertThat(Files.readString(target)).isEqualTo("precious");
        close(exporter);
    }

    @Test
    void batchLongerThanALine_isSplit() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Span span = tracer.span("large-" + i).start().attribute("text", "x".repeat(400_000));
            span.end();
            spans.add(span);
        }

        assertThat(exporter.export(spans).block(PATIENCE)).isEqualTo(ExportResult.sent(5));
        close(exporter);

        assertThat(names()).containsExactly("large-0", "large-1", "large-2", "large-3", "large-4");
        assertThat(Files.readAllLines(file()))
                .hasSize(3)
                .allSatisfy(line -> assertThat(line.length()).isLessThan(OtlpFileExporter.MAX_LINE));
    }

    @Test
    void exportsAtOnce_areWrittenOneAfterAnother_offTheCallersThread() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file())
                .maxFileSize(5_000)
                .maxFiles(1_000)
                .build();
        List<Mono<ExportResult>> exports = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            exports.add(exporter.export(List.of(ended("span-" + i))).subscribeOn(Schedulers.parallel()));
        }

        // On parallel threads a write would be reported as a blocking call.
        List<ExportResult> results =
                Flux.merge(Flux.fromIterable(exports), 64).collectList().block(PATIENCE);
        close(exporter);

        assertThat(results).hasSize(200).containsOnly(ExportResult.sent(1));
        assertThat(new TreeSet<>(names())).hasSize(200);
    }

    @Test
    void export_cancelledBeforeItsTurn_writesNothing_andTheNextGoesOn() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        for (int i = 0; i < 50; i++) {
            exporter.export(List.of(ended("cancelled"))).subscribe().dispose();
        }

        assertThat(export(exporter, ended("kept"))).isEqualTo(ExportResult.sent(1));
        close(exporter);

        assertThat(names()).contains("kept");
        for (String line : Files.readAllLines(file())) {
            JSON.readTree(line);
        }
    }

    @Test
    void close_thenExport_opensAnew() throws IOException {
        OtlpFileExporter exporter = OtlpFileExporter.builder(file()).build();
        close(exporter);
        export(exporter, ended("a"));
        close(exporter);
        close(exporter);
        export(exporter, ended("b"));
        close(exporter);

        assertThat(names()).containsExactly("a", "b");
    }

    @Test
    void builder_refusesByName_andToStringSaysWhere() {
        assertThatNullPointerException()
                .isThrownBy(() -> OtlpFileExporter.builder(null))
                .withMessage("path == null");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OtlpFileExporter.builder(Path.of("")))
                .withMessageContaining("path");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OtlpFileExporter.builder(file()).maxFileSize(1_023))
                .withMessage("maxFileSize is less than 1024: 1023");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OtlpFileExporter.builder(file()).maxFiles(0))
                .withMessage("maxFiles is not between 1 and 100000: 0");
        assertThat(OtlpFileExporter.builder(file()).build())
                .hasToString("OtlpFileExporter{" + file() + ", maxFileSize=67108864, maxFiles=8}");
    }
}
