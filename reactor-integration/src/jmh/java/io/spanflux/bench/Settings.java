// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The queue that each peer has, and what a run says of its peers. */
public final class Settings {
    /** Spans. */
    public static final int QUEUE = 2048;

    /** Spans. */
    public static final int BATCH = 512;

    /** How long a span waits for others. */
    public static final Duration DELAY = Duration.ofSeconds(5);

    /** Bytes of zipkin-reporter's message with a batch of spans that {@link Discard.NoEncoder} made: one and a comma each, in brackets. */
    public static final int MESSAGE = 2 * BATCH + 1;

    /** What zipkin-reporter does not tell of itself. */
    public static final String ZIPKIN =
            "queuedMaxSpans=" + QUEUE + " messageMaxBytes=" + MESSAGE + " messageTimeout=" + DELAY;

    /** What a line of {@link #print} begins with. */
    public static final String MARK = "# ";

    private Settings() {}

    /** OpenTelemetry's queue; these are its defaults. */
    public static BatchSpanProcessor batching(SpanExporter exporter) {
        return BatchSpanProcessor.builder(exporter)
                .setMaxQueueSize(QUEUE)
                .setMaxExportBatchSize(BATCH)
                .setScheduleDelay(DELAY)
                .build();
    }

    /**
     * Prints what a peer was made of: each part as it tells of itself, behind the jar it came from, which has the version in its
     * name. OpenTelemetry's queue does not tell its length, and zipkin-reporter's tells nothing: what was set is said beside them.
     */
    public static void print(String peer, Object... parts) {
        String told = Arrays.stream(parts).map(Settings::told).collect(Collectors.joining(", "));
        // JMH may have begun a line.
        System.out.printf("%n%s%s: %s%n", MARK, peer, told);
    }

    private static String told(Object part) {
        String said = part instanceof BatchSpanProcessor ? part + " maxQueueSize=" + QUEUE : part.toString();
        return part instanceof String ? said : jar(part.getClass()) + ' ' + said;
    }

    private static String jar(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        Path file =
                source == null ? null : Path.of(source.getLocation().getPath()).getFileName();
        return String.valueOf(file);
    }
}
