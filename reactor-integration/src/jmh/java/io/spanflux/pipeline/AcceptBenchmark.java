// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import brave.handler.MutableSpan;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.spanflux.bench.Discard;
import io.spanflux.bench.GenAiSpans;
import io.spanflux.bench.Rendezvous;
import io.spanflux.bench.Settings;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;
import reactor.core.publisher.Mono;
import zipkin2.reporter.AsyncReporter;

/**
 * What the thread pays on which a span ends, in nanoseconds for {@value #BURST} spans (for one, where it is alone). Read
 * the median: a thread that loses its processor within a burst is no news about a queue. The peer {@code none} is the
 * floor. All queues hold 2,048 spans, a batch 512, a tick comes after 5 s; spans have 25 attributes. With
 * {@code -p message=10000} spans are so large that the bytes bound the batch, which peers do not do.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(2)
public class AcceptBenchmark {
    static final int BURST = 256;

    /** One queue under test. */
    interface Queue {
        /** What the thread calls that has just ended a span, which is in its cache therefore: always the same one. */
        void accept();

        /** Returns when what waits has been exported. */
        void drain();

        void close();
    }

    /** Which queue, and what becomes of its batches. */
    @State(Scope.Benchmark)
    public abstract static class Peer {
        @Param({"none", "spanflux", "opentelemetry", "zipkin"})
        String peer;

        /** Bytes of the message among the attributes. */
        @Param("0")
        int message;

        private final CountDownLatch end = new CountDownLatch(1);
        Queue queue;
        Rendezvous rendezvous;

        abstract boolean stalls();

        @Setup
        public void open(BenchmarkParams params) {
            rendezvous = new Rendezvous(params.getThreads());
            GenAiSpans spans = new GenAiSpans(message);
            queue = switch (peer) {
                case "none" -> new Nothing();
                case "spanflux" -> new Ours(spans);
                case "opentelemetry" -> new OpenTelemetry(spans);
                default -> new Zipkin(spans);
            };
            if (stalls()) {
                for (int i = 0; i < 3 * Settings.QUEUE; i++) {
                    queue.accept();
                }
            }
        }

        @TearDown
        public void close() {
            end.countDown();
            queue.close();
        }

        void burst() {
            for (int i = 0; i < BURST; i++) {
                queue.accept();
            }
        }

        private final class Nothing implements Queue {
            @Override
            public void accept() {}

            @Override
            public void drain() {}

            @Override
            public void close() {}
        }

        private final class Ours implements Queue {
            private final Span span;
            private final RecordPipeline<Span> pipeline = RecordPipeline.<Span>builder(
                            new Discard.ToSpanflux(() -> stalls() ? Mono.never() : Mono.empty()))
                    .maxQueueSize(Settings.QUEUE)
                    .maxBatchSize(Settings.BATCH)
                    .scheduleDelay(Settings.DELAY)
                    .build();

            Ours(GenAiSpans make) {
                Tracer tracer = Tracer.builder().build();
                span = make.start(tracer);
                span.end();
                Settings.print("spanflux", pipeline);
            }

            @Override
            public void accept() {
                pipeline.accept(span);
            }

            @Override
            public void drain() {
                pipeline.flush().block();
            }

            @Override
            public void close() {
                pipeline.close(Duration.ofMillis(100)).block();
            }
        }

        private final class OpenTelemetry implements Queue {
            private final ReadableSpan span;
            private final BatchSpanProcessor processor = BatchSpanProcessor.builder(new Discard.ToOpenTelemetry(
                            () -> stalls() ? new CompletableResultCode() : CompletableResultCode.ofSuccess()))
                    .setMaxQueueSize(Settings.QUEUE)
                    .setMaxExportBatchSize(Settings.BATCH)
                    .setScheduleDelay(Settings.DELAY)
                    .setExporterTimeout(Duration.ofHours(1))
                    .build();

            OpenTelemetry(GenAiSpans make) {
                SdkTracerProvider provider = SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(
                                new Discard.ToOpenTelemetry(CompletableResultCode::ofSuccess)))
                        .build();
                span = (ReadableSpan) make.start(provider.get("bench"));
                ((io.opentelemetry.api.trace.Span) span).end();
                Settings.print("opentelemetry", processor);
            }

            @Override
            public void accept() {
                processor.onEnd(span);
            }

            @Override
            public void drain() {
                processor.forceFlush().join(10, TimeUnit.SECONDS);
            }

            @Override
            public void close() {
                processor.shutdown();
            }
        }

        private final class Zipkin implements Queue {
            private MutableSpan span;
            private final AsyncReporter<MutableSpan> reporter = AsyncReporter.builder(new Discard.ToZipkin(() -> {
                        if (stalls()) {
                            awaitEnd();
                        }
                    }))
                    .queuedMaxSpans(Settings.QUEUE)
                    .messageMaxBytes(Settings.MESSAGE)
                    .messageTimeout(Settings.DELAY.toSeconds(), TimeUnit.SECONDS)
                    .closeTimeout(100, TimeUnit.MILLISECONDS)
                    .build(Discard.NoEncoder.INSTANCE);

            Zipkin(GenAiSpans make) {
                try (brave.Tracing tracing = brave.Tracing.newBuilder()
                        .addSpanHandler(new brave.handler.SpanHandler() {
                            @Override
                            public boolean end(brave.propagation.TraceContext context, MutableSpan ended, Cause cause) {
                                span = ended;
                                return true;
                            }
                        })
                        .build()) {
                    make.start(tracing.tracer()).finish();
                }
                Settings.print("zipkin", reporter, Settings.ZIPKIN);
            }

            private void awaitEnd() {
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void accept() {
                reporter.report(span);
            }

            @Override
            public void drain() {
                reporter.flush();
            }

            @Override
            public void close() {
                reporter.close();
            }
        }
    }

    /** A destination that keeps up. */
    public static class Running extends Peer {
        @Override
        boolean stalls() {
            return false;
        }
    }

    /** A destination that never answers, and a queue that is full for good. */
    public static class Stalled extends Peer {
        @Override
        boolean stalls() {
            return true;
        }
    }

    /** Empties the queue before each burst, and lets all threads begin together. */
    @State(Scope.Thread)
    public static class Drained {
        @Setup(Level.Invocation)
        public void drain(Running running) {
            if (running.rendezvous.await()) {
                running.queue.drain();
            }
            running.rendezvous.await();
        }
    }

    /** Lets the queue's thread fall asleep. */
    @State(Scope.Thread)
    public static class Idle {
        @Setup(Level.Invocation)
        public void pause() {
            LockSupport.parkNanos(100_000);
        }
    }

    @Benchmark
    @Threads(1)
    public void burst1(Running queue, Drained drained) {
        queue.burst();
    }

    @Benchmark
    @Threads(2)
    public void burst2(Running queue, Drained drained) {
        queue.burst();
    }

    @Benchmark
    @Threads(4)
    public void burst4(Running queue, Drained drained) {
        queue.burst();
    }

    @Benchmark
    @Threads(1)
    public void stalled1(Stalled queue) {
        queue.burst();
    }

    @Benchmark
    @Threads(2)
    public void stalled2(Stalled queue) {
        queue.burst();
    }

    @Benchmark
    @Threads(4)
    public void stalled4(Stalled queue) {
        queue.burst();
    }

    @Benchmark
    @Threads(1)
    public void lone(Running running, Idle idle) {
        running.queue.accept();
    }
}
