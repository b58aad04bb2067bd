// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.trace.Span;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Sends spans as OTLP JSON ({@code http/json}) over reactor-netty. What is not set in code comes from the standard
 * {@code OTEL_EXPORTER_OTLP_*} variables, a variable for traces before the one for all signals, and then from the defaults
 * that the builder states. A variable for traces that cannot be read does not hide the one for all signals, except for
 * headers: those may be credentials that are meant for another place.
 *
 * <pre>{@code
 * OtlpExporter.create()                                                     // http://localhost:4318/v1/traces
 * OtlpExporter.builder().endpoint("https://collector:4318").header("x-api-key", key).build()
 * }</pre>
 */
public final class OtlpExporter implements SpanExporter {
    private final HttpSpanExporter exporter;

    private OtlpExporter(HttpSpanExporter exporter) {
        this.exporter = exporter;
    }

    /** An exporter configured by the environment alone. */
    public static OtlpExporter create() {
        return builder().build();
    }

    /** A builder. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Mono<ExportResult> export(List<Span> batch) {
        return exporter.export(batch);
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String toString() {
        return "OtlpExporter{" + exporter + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder extends OtlpSettings<Builder> {
        private AttributeDialect dialect = AttributeDialect.genAi();

        private Builder() {
            super(Signal.TRACES);
        }

        /** In which words attributes leave. Default {@link AttributeDialect#genAi()}, the conventions' current form. */
        public Builder dialect(AttributeDialect dialect) {
            this.dialect = Objects.requireNonNull(dialect, "dialect == null");
            return this;
        }

        /** The exporter; nothing is opened yet. */
        public OtlpExporter build() {
            return new OtlpExporter(new HttpSpanExporter(new OtlpJsonEncoder(dialect), sender()));
        }
    }
}
