// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import brave.handler.MutableSpan;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.spanflux.export.ExportResult;
import io.spanflux.trace.Span;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import zipkin2.reporter.BytesEncoder;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.Encoding;

/** Destinations that take what they are given, or never do: so that only what stands before them is measured. */
public final class Discard {
    private Discard() {}

    /** Spanflux's; {@code result} decides when a batch has been exported. */
    public record ToSpanflux(Supplier<Mono<Void>> result) implements io.spanflux.export.SpanExporter {
        @Override
        public Mono<ExportResult> export(List<Span> batch) {
            return result.get().then(Mono.fromSupplier(() -> ExportResult.sent(batch.size())));
        }
    }

    /** OpenTelemetry's. */
    public record ToOpenTelemetry(Supplier<CompletableResultCode> result)
            implements io.opentelemetry.sdk.trace.export.SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            return result.get();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    /** Zipkin's; {@code result} returns when a message has been sent. */
    public static final class ToZipkin extends BytesMessageSender.Base {
        private final Runnable result;

        /** A sender. */
        public ToZipkin(Runnable result) {
            super(Encoding.JSON);
            this.result = result;
        }

        @Override
        public int messageMaxBytes() {
            return 4 * 1024 * 1024;
        }

        @Override
        public void send(List<byte[]> encodedSpans) {
            result.run();
        }

        @Override
        public void close() {}
    }

    /** Makes nothing of a span, so that the reporter's thread takes no time from those that are measured. */
    public enum NoEncoder implements BytesEncoder<MutableSpan> {
        /** The only one. */
        INSTANCE;

        private static final byte[] NOTHING = {'0'};

        @Override
        public Encoding encoding() {
            return Encoding.JSON;
        }

        @Override
        public int sizeInBytes(MutableSpan span) {
            return NOTHING.length;
        }

        @Override
        public byte[] encode(MutableSpan span) {
            return NOTHING;
        }
    }
}
