// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import io.opentelemetry.exporter.internal.otlp.traces.SpanReusableDataMarshaler;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.internal.HttpExporter;
import io.opentelemetry.exporter.otlp.internal.HttpExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.MemoryMode;
import io.opentelemetry.sdk.common.internal.StandardComponentId;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.export.OtlpExporter;
import io.spanflux.trace.Tracer;
import io.spanflux.transport.Compression;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A library from the start of a span to a collector over HTTP, set up as its documentation says. */
public interface Exporting extends AutoCloseable {
    /** Starts, describes and ends a span. */
    void span();

    /** Returns when all spans have been delivered, and throws when they have not. */
    void flush();

    /** Prints what it was made of. */
    void printSettings();

    @Override
    void close();

    /** {@code peer} is one of spanflux, otelJson, otelProtobuf; {@code compression} one of none, gzip, and zstd for spanflux. */
    static Exporting to(String endpoint, String peer, String compression, GenAiSpans spans) {
        return switch (peer) {
            case "spanflux" -> new Ours(endpoint, compression, spans);
            case "otelJson" -> new OpenTelemetry(json(endpoint, compression), spans);
            default ->
                new OpenTelemetry(
                        OtlpHttpSpanExporter.builder()
                                .setEndpoint(endpoint)
                                .setCompression(compression)
                                .build(),
                        spans);
        };
    }

    /** OpenTelemetry's exporter as it is made where the environment asks for {@code http/json}; it has no other way in. */
    private static SpanExporter json(String endpoint, String compression) {
        HttpExporter http = new HttpExporterBuilder(StandardComponentId.ExporterType.OTLP_HTTP_SPAN_EXPORTER, endpoint)
                .setCompression(compression)
                .exportAsJson()
                .build();
        SpanReusableDataMarshaler marshaler = new SpanReusableDataMarshaler(MemoryMode.REUSABLE_DATA, http::export);
        return new SpanExporter() {
            @Override
            public CompletableResultCode export(Collection<SpanData> batch) {
                return marshaler.export(batch);
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return http.shutdown();
            }

            @Override
            public String toString() {
                return "OTLP JSON{compression=" + compression + ", " + marshaler.getMemoryMode() + "}";
            }
        };
    }

    /** Spanflux. */
    final class Ours implements Exporting {
        private final Spanflux spanflux;
        private final Tracer tracer;
        private final GenAiSpans spans;

        private Ours(String endpoint, String compression, GenAiSpans spans) {
            this.spanflux = Spanflux.builder()
                    .serviceName("bench")
                    .exporter(OtlpExporter.builder()
                            .endpoint(endpoint)
                            .compression(Compression.valueOf(compression.toUpperCase(Locale.ROOT)))
                            .build())
                    .build();
            this.tracer = spanflux.tracer();
            this.spans = spans;
        }

        @Override
        public void span() {
            spans.start(tracer).end();
        }

        @Override
        public void flush() {
            DeliveryReport report = spanflux.awaitFlush(Duration.ofSeconds(30));
            if (report.timedOut() || spanflux.ledger().droppedTotal() > 0) {
                throw new IllegalStateException(report.toString());
            }
        }

        @Override
        public void printSettings() {
            Settings.print("spanflux", spanflux);
        }

        @Override
        public void close() {
            spanflux.close(Duration.ofSeconds(5)).block();
        }
    }

    /** OpenTelemetry's SDK with its batch processor. */
    final class OpenTelemetry implements Exporting {
        private final BatchSpanProcessor processor;
        private final SdkTracerProvider provider;
        private final io.opentelemetry.api.trace.Tracer tracer;
        private final GenAiSpans spans;

        private OpenTelemetry(SpanExporter exporter, GenAiSpans spans) {
            this.processor = Settings.batching(exporter);
            this.provider =
                    SdkTracerProvider.builder().addSpanProcessor(processor).build();
            this.tracer = provider.get("bench");
            this.spans = spans;
        }

        @Override
        public void span() {
            spans.start(tracer).end();
        }

        @Override
        public void flush() {
            if (!processor.forceFlush().join(30, TimeUnit.SECONDS).isSuccess()) {
                throw new IllegalStateException("not delivered");
            }
        }

        @Override
        public void printSettings() {
            Settings.print("opentelemetry", processor);
        }

        @Override
        public void close() {
            provider.close();
        }
    }
}
