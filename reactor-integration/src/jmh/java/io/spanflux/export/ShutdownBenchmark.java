// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.DeliveryReport;
import io.spanflux.Spanflux;
import io.spanflux.bench.Collector;
import io.spanflux.bench.Settings;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a function waits for at the end of an invocation when all its spans have been delivered: connections, event loop and
 * worker end. Netty's own default would be two seconds.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5)
@Measurement(iterations = 35)
@Fork(1)
@State(Scope.Benchmark)
public class ShutdownBenchmark {
    private Collector.Remote collector;
    private Spanflux spanflux;

    @Setup
    public void open() throws IOException {
        collector = new Collector.Remote();
        spanflux = Spanflux.builder()
                .exporter(OtlpExporter.builder().endpoint(collector.endpoint()).build())
                .closeOnExit(false)
                .build();
        Settings.print("spanflux", spanflux);
    }

    @Setup(Level.Invocation)
    public void deliver() {
        spanflux.tracer().span("a").start().end();
        spanflux.awaitFlush(Duration.ofSeconds(10));
    }

    @Benchmark
    public DeliveryReport shutdown() {
        return spanflux.awaitShutdown(Duration.ofSeconds(10));
    }

    @TearDown
    public void close() throws IOException {
        spanflux.awaitClose(Duration.ofSeconds(5));
        collector.close();
    }
}
