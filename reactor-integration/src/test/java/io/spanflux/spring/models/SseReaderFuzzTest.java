// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

import static org.assertj.core.api.Assertions.assertThat;

/** What a server calls a stream of events: whatever it is, the next whole event is read. */
class SseReaderFuzzTest {
    @Provide
    static Arbitrary<byte[]> streams() {
        Arbitrary<byte[]> near = Arbitraries.of(
                        "data:",
                        "data: ",
                        ":",
                        "event: x",
                        "\n",
                        "\r",
                        "\r\n",
                        "{",
                        "}",
                        "[",
                        "]",
                        "\"",
                        "\\",
                        "\\u12",
                        ",",
                        "\"a\":",
                        "\"b\":",
                        "\"wörd, and more\"",
                        "1",
                        "-1e9999",
                        "true",
                        "nul",
                        "[DONE]",
                        "\uFEFF",
                        "\u00e9",
                        "\u0000",
                        "[[[[[[[[[[[[[[[[")
                .list()
                .ofMaxSize(40)
                .map(pieces -> String.join("", pieces).getBytes(StandardCharsets.UTF_8));
        return Arbitraries.oneOf(
                near, near, Arbitraries.bytes().array(byte[].class).ofMaxSize(100));
    }

    @Property
    void anyBytes_areReadPast_andTheNextEventIsWhole(@ForAll("streams") byte[] stream) {
        List<Map<?, ?>> events = new ArrayList<>();
        SseReader reader = new SseReader(
                new JsonOutline(Set.of(), Set.of(), 100, 1_000, event -> events.add(event.members())), () -> {}, null);
        for (byte each : stream) {
            reader.accept(each);
        }
        for (byte each : "\n\ndata: {\"last\":1}\n\n".getBytes(StandardCharsets.UTF_8)) {
            reader.accept(each);
        }

        assertThat(events).isNotEmpty();
        assertThat(events.get(events.size() - 1)).isEqualTo(Map.of("last", 1L));
    }

    /** Events of a few shapes, most of them like the one before but for what is not kept; and some that are none. */
    @Provide
    static Arbitrary<byte[]> talk() {
        Arbitrary<String> word =
                Arbitraries.of("", "word", "wörd", "\\\"", "\\\\", "\\n", "]}", "x".repeat(300), "\n", "\\\n");
        Arbitrary<String> shape = Arbitraries.of(
                "data: {\"a\":1,\"b\":\"%s\"}\n\n",
                "data: {\"a\":1,\"b\":\"%s\"}\n\n",
                "data: {\"a\":1,\"b\":\"%s\"}\n\n",
                "data: {\"a\":2,\"b\":[{\"c\":\"%s\"},\"%1$s\"],\"d\":\"e\"}\r\n\r\n",
                "data: {\"a\":2,\"b\":[{\"c\":\"%s\"},\"%1$s\"],\"d\":\"e\"}\r\n\r\n",
                "event: x\ndata: {\"a\":\"%s\"}\n\n",
                "data: {\"b\":\"%s\"} {\"a\":1}\n\n",
                ": %s\n\n",
                "data: [DONE]\n\n");
        return Combinators.combine(shape, word)
                .as(String::format)
                .list()
                .ofMaxSize(12)
                .map(events -> String.join("", events).getBytes(StandardCharsets.UTF_8));
    }

    @Property
    void anyCuts_giveTheSameEvents_asByteByByte(
            @ForAll("streams") byte[] stream, @ForAll @IntRange(min = 1, max = 20) int length) {
        assertSame(stream, length);
    }

    @Property
    void whatIsRepeated_isGivenAgain_asIfItHadBeenRead(
            @ForAll("talk") byte[] stream, @ForAll @IntRange(min = 1, max = 500) int length) {
        assertSame(stream, length);
    }

    private static void assertSame(byte[] stream, int length) {
        byte[] closed = (new String(stream, StandardCharsets.ISO_8859_1) + "\n\ndata: [DONE]\n\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        List<Object> singly = new ArrayList<>();
        SseReader one = reader(singly, null);
        for (byte each : closed) {
            one.accept(each);
        }
        List<Object> cut = new ArrayList<>();
        SseReader many = reader(cut, () -> cut.add(last(cut)));
        for (int i = 0; i < closed.length; i += length) {
            many.accept(closed, i, Math.min(i + length, closed.length));
        }

        assertThat(cut).isEqualTo(singly).contains("done");
    }

    private static Object last(List<Object> events) {
        return events.stream()
                .filter(Map.class::isInstance)
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    private static SseReader reader(List<Object> events, @Nullable Runnable again) {
        return new SseReader(
                new JsonOutline(Set.of("b"), Set.of(), 100, 1_000, event -> events.add(event.members())),
                () -> events.add("done"),
                again);
    }
}
