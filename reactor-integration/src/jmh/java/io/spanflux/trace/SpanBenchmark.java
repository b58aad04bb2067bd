// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.spanflux.Spanflux;
import io.spanflux.bench.Discard;
import io.spanflux.bench.GenAiSpans;
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
import reactor.core.publisher.Mono;
import zipkin2.reporter.brave.AsyncZipkinSpanHandler;

/**
 * A whole span: start, 25 attributes, end, accepted by the pipeline; in nanoseconds for {@value #BURST} of them, of which
 * the median counts. What a batch costs its exporter's thread is not in the time, but in the bytes.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(2)
@State(Scope.Benchmark)
public class SpanBenchmark {
    static final int BURST = 64;

    @Param({"spanflux", "opentelemetry", "brave"})
    String peer;

    private final GenAiSpans spans = new GenAiSpans(0);
    private Runnable span;
    private Runnable drain;
    private Runnable close;

    @Setup
    public void open() {
        switch (peer) {
            case "spanflux" -> {
                Spanflux spanflux = Spanflux.builder()
                        .serviceName("bench")
                        .exporter(new Discard.ToSpanflux(Mono::empty))
                        .build();
                Settings.print(peer, spanflux);
                Tracer tracer = spanflux.tracer();
                span = () -> spans.start(tracer).end();
                drain = () -> spanflux.awaitFlush(Duration.ofSeconds(10));
                close = () -> spanflux.close(Duration.ofSeconds(1)).block();
            }
            case "opentelemetry" -> {
                BatchSpanProcessor processor =
                        Settings.batching(new Discard.ToOpenTelemetry(CompletableResultCode::ofSuccess));
                SdkTracerProvider provider =
                        SdkTracerProvider.builder().addSpanProcessor(processor).build();
                Settings.print(peer, provider, processor);
                io.opentelemetry.api.trace.Tracer tracer = provider.get("bench");
                span = () -> spans.start(tracer).end();
                drain = () -> processor.forceFlush().join(10, TimeUnit.SECONDS);
                close = provider::close;
            }
            default -> {
                AsyncZipkinSpanHandler handler = AsyncZipkinSpanHandler.newBuilder(new Discard.ToZipkin(() -> {}))
                        .queuedMaxSpans(Settings.QUEUE)
                        .messageMaxBytes(Settings.MESSAGE)
                        .messageTimeout(Settings.DELAY.toSeconds(), TimeUnit.SECONDS)
                        .build(Discard.NoEncoder.INSTANCE);
                brave.Tracing tracing =
                        brave.Tracing.newBuilder().addSpanHandler(handler).build();
                Settings.print(peer, tracing, handler, Settings.ZIPKIN);
                brave.Tracer tracer = tracing.tracer();
                span = () -> spans.start(tracer).finish();
                drain = handler::flush;
                close = () -> {
                    tracing.close();
                    handler.close();
                };
            }
        }
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
    public void whole() {
        for (int i = 0; i < BURST; i++) {
            span.run();
        }
    }
}
