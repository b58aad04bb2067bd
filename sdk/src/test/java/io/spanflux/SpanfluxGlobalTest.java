// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.config.Environment;
import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import io.spanflux.testing.InMemorySpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(60)
class SpanfluxGlobalTest {
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final List<Spanflux> built = new ArrayList<>();

    @AfterEach
    void close() {
        Spanflux.replaceGlobal(null);
        built.forEach(spanflux -> spanflux.awaitClose(Duration.ofSeconds(30)));
    }

    private Spanflux spanflux() {
        Spanflux spanflux = Spanflux.builder()
                .environment(Environment.of(Map.of()))
                .exporter(exporter)
                .build();
        built.add(spanflux);
        return spanflux;
    }

    @Test
    void global_beforeItIsSet_isDisabledAndTheSameEachTime() {
        LogCapture logs = LogCapture.start();
        Spanflux none = Spanflux.global();
        none.tracer().span("lost").start().end();

        assertThat(none.tracer().isEnabled()).isFalse();
        assertThat(none.ledgers()).isEmpty();
        assertThat(Spanflux.global()).isSameAs(none);
        assertThat(none.awaitFlush(Duration.ofSeconds(30)).isComplete()).isTrue();
        // Warned of once a process, or once a minute: another test may have come first.
        assertThat(logs.warnings()).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void setGlobal_isSeenByAll_andRefusedTheSecondTime() {
        Spanflux first = spanflux();
        Spanflux.setGlobal(first);
        Spanflux.global().tracer().span("s").start().end();
        Spanflux.global().awaitFlush(Duration.ofSeconds(30));

        assertThat(Spanflux.global()).isSameAs(first);
        assertThat(exporter.spans()).hasSize(1);
        assertThatThrownBy(() -> Spanflux.setGlobal(spanflux()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("replaceGlobal");
        assertThat(Spanflux.global()).isSameAs(first);
        assertThatThrownBy(() -> Spanflux.setGlobal(null)).hasMessage("spanflux == null");
    }

    @Test
    void replaceGlobal_returnsTheOneBefore_whichGoesOn() {
        Spanflux first = spanflux();
        Spanflux second = spanflux();
        assertThat(Spanflux.replaceGlobal(first)).isNull();
        assertThat(Spanflux.replaceGlobal(second)).isSameAs(first);
        assertThat(Spanflux.global()).isSameAs(second);

        first.tracer().span("late").start().end();
        first.awaitFlush(Duration.ofSeconds(30));
        assertThat(exporter.spans()).hasSize(1);
        assertThat(Spanflux.replaceGlobal(null)).isSameAs(second);
        Spanflux.setGlobal(first);
        assertThat(Spanflux.global()).isSameAs(first);
    }

    @Test
    void replaceGlobal_byFourThreads_losesNone() {
        Spanflux[] own = {spanflux(), spanflux(), spanflux(), spanflux(), spanflux()};
        Spanflux.setGlobal(own[4]);
        Race.of(4)
                .run(
                        5_000,
                        round -> Race.round(thread -> own[thread] = Spanflux.replaceGlobal(own[thread]), () -> {
                            own[4] = Spanflux.global();
                            assertThat(Arrays.asList(own)).containsExactlyInAnyOrderElementsOf(built);
                        }));
    }

    @Test
    void setGlobal_byFourThreads_oneWins() {
        Spanflux[] own = {spanflux(), spanflux(), spanflux(), spanflux()};
        Race.of(4).run(2_000, round -> {
            Spanflux.replaceGlobal(null);
            boolean[] won = new boolean[4];
            return Race.round(
                    thread -> {
                        try {
                            Spanflux.setGlobal(own[thread]);
                            won[thread] = true;
                        } catch (IllegalStateException expected) {
                            won[thread] = false;
                        }
                    },
                    () -> {
                        int winners = 0;
                        for (int i = 0; i < 4; i++) {
                            winners += won[i] ? 1 : 0;
                            assertThat(!won[i] || Spanflux.global() == own[i]).isTrue();
                        }
                        assertThat(winners).isEqualTo(1);
                    });
        });
    }
}
