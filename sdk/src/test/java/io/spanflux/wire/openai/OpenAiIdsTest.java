// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.openai;

import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.TraceInfo;
import io.spanflux.trace.Tracer;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class OpenAiIdsTest {
    private final Tracer tracer = Tracer.builder().build();

    @Test
    void generators_makeIdsOfTheirForm() {
        assertThat(OpenAiIds.traceId()).matches("trace_[0-9a-f]{32}").isNotEqualTo(OpenAiIds.traceId());
        assertThat(OpenAiIds.spanId()).matches("span_[0-9a-f]{24}").isNotEqualTo(OpenAiIds.spanId());
        assertThat(OpenAiIds.groupId()).matches("group_[0-9a-f]{24}").isNotEqualTo(OpenAiIds.groupId());
        assertThat(OpenAiIds.time()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{6})?\\+00:00");
    }

    @ParameterizedTest
    @CsvSource({
        "2023-11-14T22:13:20Z, 2023-11-14T22:13:20+00:00",
        "2023-11-14T22:13:20.123Z, 2023-11-14T22:13:20.123000+00:00",
        "2023-11-14T22:13:20.000001999Z, 2023-11-14T22:13:20.000001+00:00",
        "2023-11-14T22:13:20.000000999Z, 2023-11-14T22:13:20+00:00",
        "1969-12-31T23:59:59.5Z, 1969-12-31T23:59:59.500000+00:00"
    })
    void time_hasMicroseconds(Instant instant, String expected) {
        assertThat(OpenAiIds.time(instant)).isEqualTo(expected);
        long nanos = instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
        assertThat(OpenAiIds.time(nanos)).isEqualTo(expected);
    }

    @Test
    void anIdMadeHere_isTheSameEverywhere() {
        String id = OpenAiIds.traceId();
        Scope scope = Scope.named("s").trace(TraceInfo.named("w").id(id)).enteredIn(Scope.none());
        Span span = tracer.span("s").scope(scope).start();
        assertThat("trace_" + span.context().traceId()).isEqualTo(id);
        assertThat(OpenAiIds.traceId(span)).isEqualTo(id);
    }

    @Test
    void anIdOfASpan_isFoundByTheEightBytesItHasElsewhere() {
        Span span = tracer.span("s").start();
        assertThat(OpenAiIds.spanId(span.spanIdBits(), null))
                .isEqualTo("span_" + span.context().spanId() + "00000000");
        assertThat(OpenAiIds.traceId(span)).isEqualTo("trace_" + span.context().traceId());
    }
}
