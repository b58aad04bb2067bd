// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.export.ExportResult;
import io.spanflux.export.ForwardingExporter;
import io.spanflux.export.SpanExporter;
import io.spanflux.pipeline.Ledger;
import io.spanflux.trace.Span;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/** What stands between a pipeline and an exporter must not answer in its place. */
class ForwardingExporterTest {
    static Stream<Method> questions() {
        return Arrays.stream(SpanExporter.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isBridge());
    }

    @ParameterizedTest
    @MethodSource("questions")
    void whateverAnExporterCanBeAsked_isForwarded(Method question) throws NoSuchMethodException {
        assertThat(ForwardingExporter.class
                        .getMethod(question.getName(), question.getParameterTypes())
                        .getDeclaringClass())
                .isEqualTo(ForwardingExporter.class);
    }

    /** What has left the spool is settled in the ledger, and what an exporter failed on is in its health. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void spoolAndHealth_areTheExporters_withDebugOutputToo(boolean debug) {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .debug(debug)
                .exporter(new SpanExporter() {
                    @Override
                    public Mono<ExportResult> export(List<Span> batch) {
                        return Mono.just(ExportResult.spooled(batch.size()));
                    }

                    @Override
                    public ExportResult afterSpool() {
                        return ExportResult.sent(1);
                    }

                    @Override
                    public String obstacle() {
                        return "status 503";
                    }
                })
                .build();
        spanflux.tracer().span("a").start().end();
        spanflux.tracer().span("b").start().end();
        DeliveryReport report = spanflux.awaitFlush(Duration.ofSeconds(30));

        assertThat(report.ledger()).isEqualTo(new Ledger(2, 1, 0, Map.of(), 1, 0));
        assertThat(spanflux.health().reason()).contains("status 503");
        spanflux.awaitClose(Duration.ofSeconds(30));
    }

    @Test
    void questions_areThoseThatAreKnown() {
        assertThat(questions().map(Method::getName))
                .contains("export", "grouping", "retryNow", "setAside", "afterSpool", "obstacle", "close");
    }
}
