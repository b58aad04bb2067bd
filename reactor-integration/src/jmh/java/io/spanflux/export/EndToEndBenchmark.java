// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.bench.Collector;
import io.spanflux.bench.Exporting;
import io.spanflux.bench.GenAiSpans;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * From the start of a span with 25 attributes to the answer of a server on loopback, in batches of {@value #BATCH}; per
 * span. Spans per processor second are 1e9 / {@code cpu.norm}: the time itself is mostly waiting (OpenTelemetry's client
 * runs into delayed acknowledgements of 40 ms). The server is another process.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(2)
@State(Scope.Benchmark)
public class EndToEndBenchmark {
    static final int BATCH = 512;

    @Param({"0", "4096"})
    int message;

    /** Only Spanflux has zstd: {@code -p compression=zstd -p peer=spanflux}. */
    @Param({"none", "gzip"})
    String compression;

    @Param({"spanflux", "otelJson", "otelProtobuf"})
    String peer;

    private Collector.Remote collector;
    private Exporting exporting;
    private long spans;

    @Setup
    public void open() throws IOException {
        collector = new Collector.Remote();
        exporting = Exporting.to(collector.endpoint(), peer, compression, new GenAiSpans(message));
        exporting.printSettings();
    }

    @TearDown
    public void close() throws IOException {
        System.out.printf("%n# bytes of bodies a span: %.0f%n", (double) collector.bytes() / spans);
        exporting.close();
        collector.close();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void batch() {
        for (int i = 0; i < BATCH; i++) {
            exporting.span();
        }
        exporting.flush();
        spans += BATCH;
    }
}
