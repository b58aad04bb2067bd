// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

/** Attributes of all spans, changed while spans start. */
@Timeout(60)
class GlobalsTest {
    private final Tracer tracer = Tracer.builder()
            .globals(Attributes.of("region", "eu").with("tier", "free"))
            .build();

    private Map<String, Object> ofASpan() {
        return tracer.span("s").start().attributes().asMap();
    }

    @Test
    void global_isOfSpansThatStartLater() {
        Span before = tracer.span("before").start();
        assertThat(tracer.global("version", "2")).isTrue();

        assertThat(before.attributes().contains("version")).isFalse();
        assertThat(ofASpan()).containsOnly(entry("region", "eu"), entry("tier", "free"), entry("version", "2"));
        Span during = tracer.span("during").start();
        assertThat(tracer.removeGlobal("version")).isTrue();
        assertThat(during.attributes().get("version")).isEqualTo("2");
        assertThat(ofASpan()).doesNotContainKey("version");
    }

    @Test
    void removeGlobal_leavesTheBuildersOwn() {
        Attributes snapshot = tracer.globals();
        tracer.global("tier", "paid");
        assertThat(ofASpan()).containsEntry("tier", "paid");
        assertThat(snapshot.get("tier")).isEqualTo("free");

        assertThat(tracer.removeGlobal("tier")).isTrue();
        assertThat(tracer.removeGlobal("tier")).isFalse();
        assertThat(tracer.removeGlobal("region")).isFalse();
        assertThat(tracer.removeGlobal(null)).isFalse();
        assertThat(ofASpan()).containsOnly(entry("region", "eu"), entry("tier", "free"));
    }

    @Test
    void global_isOfLowestPrecedence() {
        tracer.global("region", "us");
        Scope scope = Scope.named("s").attribute("region", "scope").enteredIn(Scope.none());

        assertThat(tracer.span("s").scope(scope).start().attributes().get("region"))
                .isEqualTo("scope");
    }

    @Test
    void global_withoutAForm_changesNothing() {
        tracer.global("key", 1);
        assertThat(tracer.global("key", null)).isFalse();
        assertThat(tracer.global("key", Double.NaN)).isFalse();
        assertThat(tracer.global("", 1)).isFalse();
        assertThat(tracer.global(null, 1)).isFalse();
        assertThat(tracer.globals().get("key")).isEqualTo(1L);
    }

    @Test
    void global_isBounded() {
        LogCapture logs = LogCapture.start();
        for (int i = 0; i < Tracer.MAX_GLOBALS; i++) {
            assertThat(tracer.global("key" + i, i)).isTrue();
        }
        assertThat(tracer.global("one more", 1)).isFalse();
        assertThat(tracer.global("key0", "changed")).isTrue();
        assertThat(tracer.globals().size()).isEqualTo(Tracer.MAX_GLOBALS + 2);
        assertThat(logs.warnings()).singleElement().asString().contains("128");
    }

    @Test
    void global_byManyThreads_losesNoKey() {
        Race.of(4)
                .run(
                        1_000,
                        round -> Race.round(
                                thread -> {
                                    for (int i = 0; i < 25; i++) {
                                        if (round % 2 == 0) {
                                            tracer.global("key" + thread + '.' + i, round);
                                        } else {
                                            tracer.removeGlobal("key" + thread + '.' + i);
                                        }
                                    }
                                },
                                () -> assertThat(tracer.globals().size()).isEqualTo(round % 2 == 0 ? 102 : 2)));
    }
}
