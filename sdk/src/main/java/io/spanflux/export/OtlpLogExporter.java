// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonLogEncoder;
import io.spanflux.trace.LogRecord;
import io.spanflux.transport.PayloadSender;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Sends events as OTLP JSON ({@code http/json}) over reactor-netty, and judges answers as {@link HttpSpanExporter} does. A
 * 404 or 405 says that nobody there takes logs: it is warned of once, and nothing is sent any more. What is not set in code
 * comes from the standard {@code OTEL_EXPORTER_OTLP_*} variables, a variable for logs before the one for all signals, and
 * then from the defaults that the builder states.
 *
 * <pre>{@code
 * OtlpLogExporter.create()                                                  // http://localhost:4318/v1/logs
 * OtlpLogExporter.builder().endpoint("https://collector:4318").header("x-api-key", key).build()
 * }</pre>
 */
public final class OtlpLogExporter implements LogExporter {
    private final OtlpJsonLogEncoder encoder = new OtlpJsonLogEncoder();
    private final PayloadSender sender;
    private final HttpExporter<LogRecord> exporter;

    OtlpLogExporter(PayloadSender sender) {
        this.sender = sender;
        this.exporter = new HttpExporter<>(
                HttpExporter.Kind.EVENT, (batch, since) -> new LogPayload(batch, encoder, since), sender);
    }

    /** An exporter configured by the environment alone. */
    public static OtlpLogExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Mono<ExportResult> export(List<LogRecord> batch) {
        return exporter.export(batch);
    }

    @Override
    public boolean isUnwanted() {
        return exporter.isUnwanted();
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public @Nullable String obstacle() {
        return exporter.obstacle();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String toString() {
        return "OtlpLogExporter{" + sender + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder extends OtlpSettings<Builder> {

        private Builder() {
            super(Signal.LOGS);
        }

        /** The exporter; nothing is opened yet. */
        public OtlpLogExporter build() {
            return new OtlpLogExporter(sender());
        }
    }
}
