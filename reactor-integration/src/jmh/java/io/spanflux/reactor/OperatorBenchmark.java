// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.instrumentation.reactor.v3_1.ContextPropagationOperator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.spanflux.Spanflux;
import io.spanflux.bench.Discard;
import io.spanflux.bench.Settings;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.observability.micrometer.Micrometer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A traced Publisher from subscription to end, a real span and its way into a pipeline included: nanoseconds for
 * {@value #BURST} Monos, and for a Flux of {@value #CHUNKS} chunks. Read the median, and subtract the peer {@code none},
 * which is the bare Publisher. {@code spanflux} starts a plain span, as the peers do, {@code spanfluxChat} a generation;
 * {@code spanfluxUntimed} is the former without the time between chunks.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(2)
@State(Scope.Benchmark)
public class OperatorBenchmark {
    static final int BURST = 128;
    static final int CHUNKS = 10_000;

    @Param({"none", "spanflux", "spanfluxUntimed", "spanfluxChat", "opentelemetry", "micrometer"})
    String peer;

    private Mono<String> mono;
    private Flux<Integer> flux;
    private Runnable drain = () -> {};
    private Runnable close = () -> {};

    /** Asks for everything and forgets it. */
    private static final class Forget implements CoreSubscriber<Object> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Object value) {}

        @Override
        public void onError(Throwable failure) {
            throw new IllegalStateException(failure);
        }

        @Override
        public void onComplete() {}
    }

    @Setup
    public void assemble() {
        switch (peer) {
            case "none" -> {
                mono = Mono.just("answer").hide();
                flux = Flux.range(0, CHUNKS).hide();
            }
            case "opentelemetry" -> assembleOpenTelemetry();
            case "micrometer" -> assembleMicrometer();
            default -> assembleSpanflux();
        }
    }

    private void assembleSpanflux() {
        Spanflux spanflux = Spanflux.builder()
                .serviceName("bench")
                .exporter(new Discard.ToSpanflux(Mono::empty))
                .build();
        Settings.print(peer, spanflux);
        ReactiveTracer tracer = ReactiveTracer.of(spanflux).chunkTiming(!peer.equals("spanfluxUntimed"));
        if (peer.equals("spanfluxChat")) {
            mono = Mono.just("answer").hide().transform(tracer.chat("openai", "gpt-4o-mini"));
            flux = Flux.range(0, CHUNKS).hide().transform(tracer.chat("openai", "gpt-4o-mini"));
        } else {
            mono = Mono.just("answer").hide().transform(tracer.span("chat"));
            flux = Flux.range(0, CHUNKS).hide().transform(tracer.span("chat"));
        }
        drain = () -> spanflux.awaitFlush(Duration.ofSeconds(10));
        close = () -> spanflux.close(Duration.ofSeconds(1)).block();
    }

    private OpenTelemetrySdk openTelemetry() {
        BatchSpanProcessor processor = Settings.batching(new Discard.ToOpenTelemetry(CompletableResultCode::ofSuccess));
        OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(
                        SdkTracerProvider.builder().addSpanProcessor(processor).build())
                .build();
        drain = () -> processor.forceFlush().join(10, TimeUnit.SECONDS);
        close = sdk::close;
        return sdk;
    }

    /** With its hook, which carries the span to the operators within, and Reactor's own operator to end it. */
    private void assembleOpenTelemetry() {
        OpenTelemetrySdk sdk = openTelemetry();
        ContextPropagationOperator operator = ContextPropagationOperator.create();
        operator.registerOnEachOperator();
        Settings.print(peer, sdk, operator);
        close = () -> {
            operator.resetOnEachOperator();
            sdk.close();
        };
        Tracer tracer = sdk.getTracer("bench");
        Mono<String> plainMono = Mono.just("answer").hide();
        Flux<Integer> plainFlux = Flux.range(0, CHUNKS).hide();
        mono = Mono.defer(() -> {
            Span span = tracer.spanBuilder("chat").startSpan();
            return ContextPropagationOperator.runWithContext(
                            plainMono, Context.current().with(span))
                    .doOnError(span::recordException)
                    .doFinally(signal -> span.end());
        });
        flux = Flux.defer(() -> {
            Span span = tracer.spanBuilder("chat").startSpan();
            return ContextPropagationOperator.runWithContext(
                            plainFlux, Context.current().with(span))
                    .doOnError(span::recordException)
                    .doFinally(signal -> span.end());
        });
    }

    private void assembleMicrometer() {
        ObservationRegistry registry = ObservationRegistry.create();
        OpenTelemetrySdk sdk = openTelemetry();
        OtelTracer bridge = new OtelTracer(sdk.getTracer("bench"), new OtelCurrentTraceContext(), event -> {});
        registry.observationConfig().observationHandler(new DefaultTracingObservationHandler(bridge));
        Settings.print(peer, sdk, registry, bridge);
        mono = Mono.just("answer").hide().name("chat").tap(Micrometer.observation(registry));
        flux = Flux.range(0, CHUNKS).hide().name("chat").tap(Micrometer.observation(registry));
    }

    @Setup(Level.Invocation)
    public void drain() {
        drain.run();
    }

    @TearDown
    public void close() {
        close.run();
    }

    @Benchmark
    public void mono() {
        for (int i = 0; i < BURST; i++) {
            mono.subscribe(new Forget());
        }
    }

    @Benchmark
    public void flux() {
        flux.subscribe(new Forget());
    }
}
