// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class SseReaderTest {
    private final List<Object> events = new ArrayList<>();
    private final AtomicInteger done = new AtomicInteger();
    private final SseReader reader = new SseReader(
            new JsonOutline(Set.of(), Set.of(), 100, 100, event -> events.add(event.members())),
            done::incrementAndGet,
            null);

    private void feed(String text) {
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            reader.accept(each);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\r\n"})
    void events_areReadWithEveryEndOfALine(String end) {
        feed("\uFEFFdata: {\"a\":1}~~: a comment~event: x~id:7~data:{\"a\":~data:2}~retry: 5~~data: [DONE]~~"
                .replace("~", end));
        assertThat(events).containsExactly(Map.of("a", 1L), Map.of("a", 2L));
        assertThat(done).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"dat: {\"a\":1}", "datax: {\"a\":1}", "data", "data:", "{\"a\":1}", "data: [DONE] ", "data: [DON"
            })
    void whatIsNoEventOfJson_isReadPast(String line) {
        feed(line + "\n\ndata: {\"a\":2}\n\n");
        assertThat(events).containsExactly(Map.of("a", 2L));
        assertThat(done).hasValue(0);
    }

    @Test
    void brokenEvent_costsThatEventOnly() {
        feed("data: {\"a\":1}\n\ndata: {\"a\":\n\ndata: {\"a\":3}\n\n");
        assertThat(events).containsExactly(Map.of("a", 1L), Map.of("a", 3L));
    }

    @Test
    void endlessLines_areReadPast() {
        feed("x".repeat(3_000_000) + "\ndata: {\"b\":\"" + "y".repeat(3_000_000) + "\",\"a\":1}\n\n");
        assertThat(events).singleElement().satisfies(event -> {
            assertThat(((Map<?, ?>) event).get("a")).isEqualTo(1L);
            assertThat((String) ((Map<?, ?>) event).get("b")).hasSize(100);
        });
    }

    @Test
    void anyBytes_neverThrow() {
        Random random = new Random(13);
        String alphabet = "data: {}[]\"\\\r\n,DONE1";
        for (int i = 0; i < 500_000; i++) {
            reader.accept((byte)
                    (random.nextInt(20) == 0
                            ? random.nextInt(256)
                            : alphabet.charAt(random.nextInt(alphabet.length()))));
        }
        events.clear();
        feed("\n\n\n\ndata: {\"a\":1}\n\n");
        assertThat(events).containsExactly(Map.of("a", 1L));
    }

    @Test
    void eventThatDiffersInWhatIsNotKept_isNotReadAgain() {
        List<String> told = new ArrayList<>();
        SseReader reader = new SseReader(
                new JsonOutline(
                        Set.of("said"),
                        Set.of(),
                        100,
                        100,
                        event -> told.add(event.members().toString())),
                () -> {},
                () -> told.add("again"));
        byte[] stream = ("data: {\"id\":7,\"said\":\"a\"}\n\n" + "data: {\"id\":7,\"said\":\"\\\"b\"}\n\n"
                        + ": ping\n\n"
                        + "data: {\"id\":7,\"said\":\"c\"}\n\n" + "data: {\"id\":8,\"said\":\"c\"}\n\n"
                        + "data: {\"id\":8,\"said\":\"\",\"end\":1}\n\n")
                .getBytes(StandardCharsets.UTF_8);
        reader.accept(stream, 0, stream.length);

        assertThat(told).containsExactly("{id=7}", "again", "again", "{id=8}", "{id=8, end=1}");
    }
}
