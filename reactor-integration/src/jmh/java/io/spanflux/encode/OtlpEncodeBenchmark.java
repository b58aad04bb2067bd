// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.buffer.Unpooled;
import io.opentelemetry.exporter.internal.marshal.Marshaler;
import io.opentelemetry.exporter.internal.otlp.traces.LowAllocationTraceRequestMarshaler;
import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.MemoryMode;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.spanflux.bench.Discard;
import io.spanflux.bench.GenAiSpans;
import io.spanflux.bench.Settings;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Ended spans to bytes in a direct buffer, a batch of {@value #BATCH} at a time; per span. OpenTelemetry's marshalers with
 * their default memory mode, which reuses data, and with immutable data. Two of ours: of spans that nobody has read
 * before, as they come to an exporter (their making is not in the time, but in {@code cpu.norm} and the bytes), and of spans
 * that another exporter has sent already.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(2)
@State(Scope.Benchmark)
public class OtlpEncodeBenchmark {
    static final int BATCH = 512;

    /** Bytes of the message among the 25 attributes. */
    @Param({"0", "4096"})
    int message;

    private final ByteBuf target = Unpooled.directBuffer(8 * 1024 * 1024);
    private final OtlpJsonEncoder encoder = new OtlpJsonEncoder();
    private final Tracer tracer = Tracer.builder().build();
    private final LowAllocationTraceRequestMarshaler reusing = new LowAllocationTraceRequestMarshaler();
    private final List<Span> known = new ArrayList<>();
    private final List<ReadableSpan> ended = new ArrayList<>();
    private GenAiSpans make;

    @Setup
    public void end() {
        make = new GenAiSpans(message);
        SdkTracerProvider provider = SdkTracerProvider.builder()
                .addSpanProcessor(
                        SimpleSpanProcessor.create(new Discard.ToOpenTelemetry(CompletableResultCode::ofSuccess)))
                .build();
        for (int i = 0; i < BATCH; i++) {
            Span span = make.start(tracer);
            span.end();
            known.add(span);
            io.opentelemetry.api.trace.Span other = make.start(provider.get("bench"));
            other.end();
            ended.add((ReadableSpan) other);
        }
        Settings.print("spanflux", encoder);
        Settings.print(
                "opentelemetry",
                reusing,
                "otelJson and otelProtobuf " + MemoryMode.REUSABLE_DATA + ", the others " + MemoryMode.IMMUTABLE_DATA,
                "batch " + BATCH);
    }

    @TearDown
    public void release() {
        target.release();
    }

    /** Spans that have ended and that nobody has read. */
    @State(Scope.Thread)
    public static class Unread {
        final List<Span> spans = new ArrayList<>();

        @Setup(Level.Invocation)
        public void end(OtlpEncodeBenchmark benchmark) {
            spans.clear();
            for (int i = 0; i < BATCH; i++) {
                Span span = benchmark.make.start(benchmark.tracer);
                span.end();
                spans.add(span);
            }
        }
    }

    private OutputStream out() {
        return new ByteBufOutputStream(target.clear());
    }

    private int encode(List<Span> spans) throws IOException {
        SpanEncoder.Encoding encoding = encoder.begin(out());
        for (Span span : spans) {
            encoding.write(span);
        }
        encoding.end();
        return target.readableBytes();
    }

    private List<SpanData> data() {
        List<SpanData> data = new ArrayList<>(BATCH);
        for (ReadableSpan span : ended) {
            data.add(span.toSpanData());
        }
        return data;
    }

    private Marshaler reused() {
        reusing.reset();
        reusing.initialize(data());
        return reusing;
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int spanflux(Unread unread) throws IOException {
        return encode(unread.spans);
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int spanfluxAgain() throws IOException {
        return encode(known);
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int otelJson() throws IOException {
        reused().writeJsonTo(out());
        return target.readableBytes();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int otelJsonImmutable() throws IOException {
        TraceRequestMarshaler.create(data()).writeJsonTo(out());
        return target.readableBytes();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int otelProtobuf() throws IOException {
        reused().writeBinaryTo(out());
        return target.readableBytes();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int otelProtobufImmutable() throws IOException {
        TraceRequestMarshaler.create(data()).writeBinaryTo(out());
        return target.readableBytes();
    }
}
