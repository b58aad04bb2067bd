// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.pipeline;

import io.spanflux.trace.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class RecordRingTest {
    private final List<Span> batch = new ArrayList<>();

    private static RecordRing<Span> filled(int capacity, long spans) {
        RecordRing<Span> ring = new RecordRing<>(capacity);
        for (long i = 0; i < spans; i++) {
            ring.offer(Numbered.span(i));
        }
        return ring;
    }

    private static List<Long> range(long from, long to) {
        return LongStream.range(from, to).boxed().toList();
    }

    @Test
    void offer_returnsPositions() {
        RecordRing<Span> ring = new RecordRing<>(4);
        assertThat(ring.offer(Numbered.span(0))).isZero();
        assertThat(ring.offer(Numbered.span(1))).isEqualTo(1);
        assertThat(ring.tail()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 100, 2048})
    void offer_beyondCapacity_keepsExactlyTheNewest(int capacity) {
        RecordRing<Span> ring = filled(capacity, 10_000);

        assertThat(ring.size()).isEqualTo(capacity);
        ring.take(batch, Integer.MAX_VALUE, Long.MAX_VALUE);

        assertThat(Numbered.numbers(batch)).isEqualTo(range(10_000 - capacity, 10_000));
        assertThat(ring.taken()).isEqualTo(capacity);
        assertThat(ring.head()).isEqualTo(10_000);
        assertThat(ring.size()).isZero();
    }

    @Test
    void take_stopsAtCountAndAtBytesButNotBeforeOne() {
        RecordRing<Span> ring = new RecordRing<>(16);
        for (int i = 0; i < 10; i++) {
            ring.offer(Numbered.span(0, i, 1_000));
        }
        int each = Numbered.span(0, 0, 1_000).estimatedBytes();

        ring.take(batch, 2, Long.MAX_VALUE);
        assertThat(Numbered.numbers(batch)).containsExactly(0L, 1L);
        batch.clear();
        ring.take(batch, 100, 1);
        assertThat(Numbered.numbers(batch)).containsExactly(2L);
        batch.clear();
        ring.take(batch, 100, 3L * each);
        assertThat(Numbered.numbers(batch)).containsExactly(3L, 4L, 5L);
    }

    @Test
    void take_letsGoOfWhatItHandsOut() {
        RecordRing<Span> ring = filled(4, 3);
        ring.take(batch, 10, Long.MAX_VALUE);
        for (long position = 0; position < 3; position++) {
            assertThat(ring.peek(position)).isNull();
        }
    }

    @Test
    void skipOverwritten_letsGoOfWhatIsBeyondCapacityButStillInTheArray() {
        // 5 spans count, the array has 8 slots: positions 0 to 2 are lost but not overwritten.
        RecordRing<Span> ring = filled(5, 8);
        assertThat(ring.peek(2)).isNotNull();

        assertThat(ring.skipOverwritten()).isTrue();

        assertThat(ring.head()).isEqualTo(3);
        assertThat(ring.peek(0)).isNull();
        assertThat(ring.peek(2)).isNull();
        assertThat(ring.peek(3)).isNotNull();
        assertThat(ring.skipOverwritten()).isFalse();
    }

    @Test
    void removeOldest_countsWhatItThrowsAway() {
        RecordRing<Span> ring = filled(4, 4);
        assertThat(ring.removeOldest()).isTrue();
        assertThat(ring.removeOldest()).isTrue();
        assertThat(ring.removed()).isEqualTo(2);
        ring.take(batch, 10, Long.MAX_VALUE);
        assertThat(Numbered.numbers(batch)).containsExactly(2L, 3L);
        assertThat(ring.removeOldest()).isFalse();
    }

    @Test
    void size_countsWhatCanStillBeTaken() {
        RecordRing<Span> ring = filled(4, 3);
        assertThat(ring.size()).isEqualTo(3);
        for (int i = 0; i < 100; i++) {
            ring.offer(Numbered.span(i));
        }
        assertThat(ring.size()).isEqualTo(4);
    }

    @Test
    void clear_letsGoOfEverything() {
        RecordRing<Span> ring = filled(4, 4);
        ring.clear();
        for (long position = 0; position < 4; position++) {
            assertThat(ring.peek(position)).isNull();
        }
    }
}
