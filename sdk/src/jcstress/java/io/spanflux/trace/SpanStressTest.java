// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** A span under two threads. */
public class SpanStressTest {
    private static final SpanLimits TINY =
            SpanLimits.builder().attributeCount(2).eventCount(0).linkCount(0).build();

    /** Counts ends; a span per state. */
    static class Fixture implements SpanHandler {
        final AtomicInteger ended = new AtomicInteger();
        final Tracer tracer = Tracer.builder().limits(TINY).handler(this).build();
        final Span span = tracer.span("x").start();

        @Override
        public void onEnd(Span ignored) {
            ended.incrementAndGet();
        }
    }

    /** Two ends are one. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "Ended once.")
    @State
    public static class EndAgainstEnd extends Fixture {
        /** One. */
        @Actor
        public void first() {
            span.end();
        }

        /** Other. */
        @Actor
        public void second() {
            span.end();
        }

        /** After both. */
        @Arbiter
        public void arbiter(I_Result result) {
            result.r1 = ended.get();
        }
    }

    /** What is set while the span ends is in or counted as late, and what is in stays. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "Set before the end.")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "Too late, and counted.")
    @State
    public static class AttributeAgainstEnd extends Fixture {
        /** Writes. */
        @Actor
        public void attribute() {
            span.attribute("k", 1);
        }

        /** Ends. */
        @Actor
        public void end() {
            span.end();
        }

        /** After both. */
        @Arbiter
        public void arbiter(II_Result result) {
            result.r1 = span.attributes().size();
            result.r2 = (int) tracer.callsAfterEnd();
        }
    }

    /** Neither write is lost. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "Both are there.")
    @State
    public static class AttributeAgainstAttribute extends Fixture {
        /** One. */
        @Actor
        public void first() {
            span.attribute("a", 1);
        }

        /** Other. */
        @Actor
        public void second() {
            span.attribute("b", 2);
        }

        /** After both. */
        @Arbiter
        public void arbiter(II_Result result) {
            Attributes attributes = span.attributes();
            result.r1 = ((Long) attributes.get("a")).intValue();
            result.r2 = ((Long) attributes.get("b")).intValue();
        }
    }

    /** A stack that is shortened while another thread writes loses neither. */
    @JCStressTest
    @Outcome(id = "30, 2", expect = Expect.ACCEPTABLE, desc = "The last value of one key, and the other key.")
    @State
    public static class ShorteningAgainstAttribute extends Fixture {
        /** Writes one key until the stack is shortened, which happens past 20 entries here. */
        @Actor
        public void many() {
            for (int i = 1; i <= 30; i++) {
                span.attribute("a", i);
            }
        }

        /** Writes another key. */
        @Actor
        public void one() {
            span.attribute("b", 2);
        }

        /** After both. */
        @Arbiter
        public void arbiter(II_Result result) {
            Attributes attributes = span.attributes();
            result.r1 = ((Long) attributes.get("a")).intValue();
            result.r2 = ((Long) attributes.get("b")).intValue();
        }
    }

    /** Whoever ends a span that expires at the same moment, it ends once and is tracked no more. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "Ended once, no longer live.")
    @State
    public static class EndAgainstExpiry extends Fixture {
        /** Ends. */
        @Actor
        public void end() {
            span.end();
        }

        /** Expires. */
        @Actor
        public void expire() {
            span.expire();
        }

        /** After both. */
        @Arbiter
        public void arbiter(II_Result result) {
            result.r1 = ended.get();
            result.r2 = tracer.liveSpans();
        }
    }
}
