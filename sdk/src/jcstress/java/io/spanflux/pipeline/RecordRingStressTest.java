// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.trace.Span;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Producers against one another and against the consumer; r1 is the first thing that is wrong, 0 for nothing. */
public class RecordRingStressTest {
    private static final Span A1 = Numbered.span(1, 1, 0);
    private static final Span A2 = Numbered.span(1, 2, 0);
    private static final Span B1 = Numbered.span(2, 1, 0);

    /** A ring of a given capacity with what was taken from it. */
    static class Fixture {
        final RecordRing<Span> ring;
        final List<Span> taken = new ArrayList<>();

        Fixture(int capacity) {
            ring = new RecordRing<>(capacity);
        }

        void take() {
            ring.take(taken, 8, Long.MAX_VALUE);
        }

        /** Takes the rest, with the patience of the pipeline, and checks all that was taken. */
        void judge(III_Result result) {
            for (int i = 0; i < 4; i++) {
                take();
                if (ring.isBlocked() && ring.holdsLeftover()) {
                    ring.skipBlocked();
                }
            }
            long lost = ring.head() - ring.taken() - ring.removed();
            result.r1 = taken.stream().distinct().count() != taken.size()
                    ? 1
                    : taken.indexOf(A1) >= 0 && taken.indexOf(A2) >= 0 && taken.indexOf(A1) > taken.indexOf(A2)
                            ? 2
                            : ring.head() != ring.tail() ? 3 : ring.taken() != taken.size() ? 4 : 0;
            result.r2 = taken.size();
            result.r3 = (int) lost;
        }
    }

    /** Room for all: nothing is lost. */
    @JCStressTest
    @Outcome(id = "0, 3, 0", expect = Expect.ACCEPTABLE, desc = "All three, each once, in order.")
    @State
    public static class OfferOfferTake extends Fixture {
        /** For jcstress. */
        public OfferOfferTake() {
            super(4);
        }

        /** Two in a row. */
        @Actor
        public void producerA() {
            ring.offer(A1);
            ring.offer(A2);
        }

        /** One. */
        @Actor
        public void producerB() {
            ring.offer(B1);
        }

        /** Takes meanwhile. */
        @Actor
        public void consumer() {
            take();
        }

        /** After all. */
        @Arbiter
        public void arbiter(III_Result result) {
            judge(result);
        }
    }

    /** Room for one: whatever is not taken in time is lost and counted. */
    @JCStressTest
    @Outcome(id = "0, 1, 2", expect = Expect.ACCEPTABLE, desc = "Only the newest.")
    @Outcome(id = "0, 2, 1", expect = Expect.ACCEPTABLE, desc = "One was taken in time.")
    @Outcome(id = "0, 0, 3", expect = Expect.ACCEPTABLE_INTERESTING, desc = "The newest was overwritten by a late one.")
    @State
    public static class Overflow extends Fixture {
        /** For jcstress. */
        public Overflow() {
            super(1);
        }

        /** Two in a row. */
        @Actor
        public void producerA() {
            ring.offer(A1);
            ring.offer(A2);
        }

        /** One. */
        @Actor
        public void producerB() {
            ring.offer(B1);
        }

        /** Takes meanwhile. */
        @Actor
        public void consumer() {
            take();
        }

        /** After all. */
        @Arbiter
        public void arbiter(III_Result result) {
            judge(result);
        }
    }
}
