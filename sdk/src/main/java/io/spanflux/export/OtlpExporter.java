// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.AttributeDialect;
import io.spanflux.encode.OtlpJsonEncoder;
import io.spanflux.spool.Spool;
import io.spanflux.trace.Span;
import io.spanflux.transport.PayloadSender;
import io.spanflux.transport.RetryPolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
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
public final class OtlpExporter extends ForwardingExporter {
    private OtlpExporter(HttpSpanExporter exporter) {
        super(exporter);
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
    public String toString() {
        return "OtlpExporter{" + exporter + '}';
    }

    /** Collects the settings of an exporter; each mistake is refused with the name of the setting. Not thread-safe. */
    public static final class Builder extends OtlpSettings<Builder> {
        private AttributeDialect dialect = AttributeDialect.genAi();
        private @Nullable Spool spool;

        private Builder() {
            super(Signal.TRACES);
        }

        /** In which words attributes leave. Default {@link AttributeDialect#genAi()}, the conventions' current form. */
        public Builder dialect(AttributeDialect dialect) {
            this.dialect = Objects.requireNonNull(dialect, "dialect == null");
            return this;
        }

        /** {@link #spool(Spool)} with that folder and the defaults of {@link Spool#builder}. */
        public Builder spool(Path folder) {
            return spool(Spool.builder(folder).build());
        }

        /**
         * Where spans wait that cannot be sent. A batch is then attempted once; when there is no answer, or one that asks
         * to try again, it moves to disk, as does what comes later until all before it has been sent. What is on disk is
         * tried for as long as the spool keeps it; the age of the {@link #retryPolicy(RetryPolicy) retry policy} holds only
         * for what the disk refuses. Looks at once for what an earlier process left. Default none: such a batch waits in
         * memory, and spans after it in the queue.
         */
        public Builder spool(Spool spool) {
            this.spool = Objects.requireNonNull(spool, "spool == null");
            return this;
        }

        /** The exporter; nothing is opened yet but the spool. */
        public OtlpExporter build() {
            OtlpJsonEncoder encoder = new OtlpJsonEncoder(dialect);
            Spool keep = spool;
            if (keep == null) {
                return new OtlpExporter(new HttpSpanExporter(encoder, sender()));
            }
            RetryPolicy policy = retryPolicyOrDefault();
            // One sender for what comes and what waits: what the server asks to wait for holds for both.
            PayloadSender sender = sender(policy.withMaxAge(keep.maxAge()));
            RecordSpool<Span> records = new RecordSpool<>(keep, new SpanEntries(encoder), policy);
            HttpSpanExporter exporter = new HttpSpanExporter(encoder, sender, records);
            records.attach(sender.target(), exporter::replay);
            return new OtlpExporter(exporter);
        }
    }
}
