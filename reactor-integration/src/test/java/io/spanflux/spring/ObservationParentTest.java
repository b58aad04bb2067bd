// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.testing.InMemorySpanExporter;
import io.spanflux.trace.Span;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;

class ObservationParentTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";

    private final InMemorySpanExporter exported = InMemorySpanExporter.create();
    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SpanfluxAutoConfiguration.class))
            .withBean("exported", io.spanflux.export.SpanExporter.class, () -> exported);

    /** What Micrometer's tracing handler leaves in an observation. */
    private static Context observed(String traceId, String spanId, Boolean sampled) {
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig().observationHandler(context -> true);
        Observation observation = Observation.start("http.server.requests", registry);
        TracingContext tracing = new TracingContext();
        TraceContext context =
                fake(TraceContext.class, Map.of("traceId", traceId, "spanId", spanId, "sampled", sampled));
        tracing.setSpan(fake(io.micrometer.tracing.Span.class, Map.of("context", context, "isNoop", spanId.isEmpty())));
        observation.getContext().put(TracingContext.class, tracing);
        return Context.of(ObservationThreadLocalAccessor.KEY, observation);
    }

    private static <T> T fake(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answers.get(method.getName())));
    }

    private Span traced(ApplicationContextRunner runner, Context context) {
        exported.reset();
        runner.run(started -> {
            ReactiveTracer trace = started.getBean(ReactiveTracer.class);
            Mono.just(1)
                    .transform(trace.span("inner"))
                    .transform(trace.span("outer"))
                    .contextWrite(context)
                    .block();
        });
        assertThat(exported.spans()).hasSizeLessThanOrEqualTo(2);
        return exported.spans().isEmpty() ? null : exported.spans().get(1);
    }

    @Test
    void span_standsBelowTheObservation_whereThatIsAskedFor() {
        ApplicationContextRunner asked = application.withPropertyValues("spanflux.observation-parent=true");
        Span outer = traced(asked, observed(TRACE, SPAN, true));
        assertThat(outer.context().traceId()).isEqualTo(TRACE);
        assertThat(Long.toHexString(outer.parentSpanIdBits())).isEqualTo(SPAN);
        assertThat(exported.spans().get(0).parentSpanIdBits()).isEqualTo(outer.spanIdBits());
        assertThat(traced(application, observed(TRACE, SPAN, true)).parentSpanIdBits())
                .isZero();
    }

    @Test
    void narrowIds_areWidened_andNoSpanIsNone() {
        ApplicationContextRunner asked = application.withPropertyValues("spanflux.observation-parent=true");
        assertThat(traced(asked, observed(SPAN, SPAN, true)).context().traceId())
                .isEqualTo("0000000000000000" + SPAN);
        assertThat(traced(asked, observed("", "", true)).parentSpanIdBits()).isZero();
        assertThat(traced(asked, Context.of(ObservationThreadLocalAccessor.KEY, Observation.NOOP))
                        .parentSpanIdBits())
                .isZero();
        assertThat(traced(asked, Context.empty()).parentSpanIdBits()).isZero();
    }

    @Test
    void decisionOfMicrometer_isFollowed() {
        ApplicationContextRunner asked = application.withPropertyValues("spanflux.observation-parent=true");
        assertThat(traced(asked, observed(TRACE, SPAN, false))).isNull();
    }

    @Test
    void library_thatIsMissing_failsTheStart_byName() {
        application
                .withPropertyValues("spanflux.observation-parent=true")
                .withClassLoader(new FilteredClassLoader("io.micrometer.tracing"))
                .run(context ->
                        assertThat(context).getFailure().rootCause().hasMessageContaining("micrometer-tracing"));
    }
}
