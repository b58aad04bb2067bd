// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.Sampler;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

class TraceContextPropagatorTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";
    private static final String VALID = "00-" + TRACE + "-" + SPAN + "-01";

    private final Propagator propagator = Propagator.traceContext();
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final Context untouched = Context.of("other", "entry");

    private SpanContext extracted(String traceparent, String tracestate) {
        headers.clear();
        headers.put("traceparent", traceparent);
        headers.put("tracestate", tracestate);
        Span span = Span.from(propagator.extract(untouched, headers::get));
        return span == null ? null : span.context();
    }

    @ParameterizedTest
    @CsvSource({
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00, 0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03, 3",
        // Flags that nobody knows yet are not an error.
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff, 255",
        // Future versions are read as far as they are known.
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 1",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 1",
        "fe-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-, 1",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like, 1",
        // Blanks around a header's value are not part of it.
        "' \t00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 \t', 1",
    })
    void extract_valid_isTheRemoteParent(String traceparent, int flags) {
        assertThat(extracted(traceparent, null)).isEqualTo(SpanContext.remote(TRACE, SPAN, flags, TraceState.empty()));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                " ",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010",
                "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what-the-future-will-be-like",
                "0A-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "0F-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-F0",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "g0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-gaf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-g7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
                "00.0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331.01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331- 1",
                "00-0af7651916cd43dd 448eb211c80319c-b7ad6b7169203331-01",
                "٠0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            })
    void extract_notValid_leavesTheContextAndIgnoresTheTraceState(String traceparent) {
        headers.put("traceparent", traceparent);
        headers.put("tracestate", "vendor=1");

        assertThat(propagator.extract(untouched, headers::get)).isSameAs(untouched);
    }

    @Test
    void extract_hostileHeaders_areDroppedWithoutHarm() {
        assertThat(extracted("0".repeat(1 << 20), null)).isNull();
        assertThat(extracted(VALID + "\r\nx-injected: 1", null)).isNull();
        assertThat(extracted("-".repeat(55), null)).isNull();
        assertThat(extracted(VALID, "v=1\r\nx-injected: 1").traceState().isEmpty())
                .isTrue();
        assertThat(extracted(VALID, "x".repeat(1 << 20)).traceState().isEmpty()).isTrue();
    }

    @Test
    void extract_traceState_belongsToTheParent() {
        assertThat(extracted(VALID, "a=1, b=2").traceState().header()).isEqualTo("a=1,b=2");
    }

    @Test
    void extract_brokenTraceState_doesNotBreakTheParent() {
        SpanContext context = extracted(VALID, "a=1,A=2");

        assertThat(context.traceId()).isEqualTo(TRACE);
        assertThat(context.traceState().isEmpty()).isTrue();
    }

    @Test
    void extract_keepsTheRestOfTheContext() {
        headers.put("traceparent", VALID);

        Context context = propagator.extract(untouched, headers::get);

        assertThat(context.<String>get("other")).isEqualTo("entry");
        assertThat(Span.from(context).isRecording()).isFalse();
    }

    @Test
    void inject_writesTheSpanOfTheContext() {
        Span span = Tracer.builder().build().span("span").start();

        propagator.inject(span.storeIn(Context.empty()), headers::put);

        assertThat(headers)
                .containsExactly(entry(
                        "traceparent",
                        "00-" + span.context().traceId() + "-" + span.context().spanId() + "-03"));
    }

    @Test
    void inject_traceState_followsTheParent() {
        Span remote = Span.of(SpanContext.remote(TRACE, SPAN, 1, TraceState.parse("a=1,b=2")));

        propagator.inject(remote.storeIn(Context.empty()), headers::put);

        assertThat(headers).containsExactly(entry("traceparent", VALID), entry("tracestate", "a=1,b=2"));
    }

    @ParameterizedTest
    @CsvSource({"0, 00", "1, 01", "2, 02", "3, 03", "4, 00", "253, 01", "254, 02", "255, 03"})
    void inject_unknownFlags_areNotPassedOn(int flags, String written) {
        Span remote = Span.of(SpanContext.remote(TRACE, SPAN, flags, TraceState.empty()));

        propagator.inject(remote.storeIn(Context.empty()), headers::put);

        assertThat(headers.get("traceparent")).endsWith("-" + written);
    }

    @Test
    void inject_sampledOutSpan_saysSo() {
        Span span = Tracer.builder()
                .sampler(Sampler.alwaysOff())
                .build()
                .span("span")
                .start();

        propagator.inject(span.storeIn(Context.empty()), headers::put);

        assertThat(headers.get("traceparent")).endsWith("-02");
    }

    @Test
    void inject_noSpanOrAnInvalidOne_writesNothing() {
        propagator.inject(Context.empty(), headers::put);
        propagator.inject(Span.of(SpanContext.invalid()).storeIn(Context.empty()), headers::put);

        assertThat(headers).isEmpty();
    }

    @Test
    void injectThenExtract_isTheSameIdentityInAnotherProcess() {
        Span span = Tracer.builder().build().span("span").start();
        propagator.inject(span.storeIn(Context.empty()), headers::put);

        SpanContext arrived =
                Span.from(propagator.extract(Context.empty(), headers::get)).context();

        assertThat(arrived.traceId()).isEqualTo(span.context().traceId());
        assertThat(arrived.spanId()).isEqualTo(span.context().spanId());
        assertThat(arrived.traceFlags()).isEqualTo(span.traceFlags());
        assertThat(arrived.isRemote()).isTrue();
    }

    @Test
    void fields_areLowerCaseNamesOfBothHeaders() {
        assertThat(propagator.fields())
                .containsExactly("traceparent", "tracestate")
                .allSatisfy(field -> assertThat(field).isEqualTo(field.toLowerCase(Locale.ROOT)));
        assertThat(propagator).hasToString("tracecontext");
    }
}
