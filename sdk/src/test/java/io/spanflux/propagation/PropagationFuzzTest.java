// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.propagation;

import io.spanflux.trace.SpanContext;
import io.spanflux.trace.TraceState;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;

/** Headers that anyone may send: read or ignored, never an exception, and what is read can be sent on. */
class PropagationFuzzTest {
    @Provide
    static Arbitrary<String> traceparents() {
        Arbitrary<String> near = Combinators.combine(
                        Arbitraries.strings()
                                .withChars("0123456789abcdefF ")
                                .ofMinLength(1)
                                .ofMaxLength(3),
                        Arbitraries.strings()
                                .withChars("0123456789abcdefA")
                                .ofMinLength(31)
                                .ofMaxLength(33),
                        Arbitraries.strings()
                                .withChars("0123456789abcdef")
                                .ofMinLength(16)
                                .ofMaxLength(17),
                        Arbitraries.strings().withChars("0123456789abcdefg").ofLength(2),
                        Arbitraries.of("", "-", "-00", "-" + "x".repeat(100)))
                .as((version, trace, span, flags, more) -> version + '-' + trace + '-' + span + '-' + flags + more);
        return Arbitraries.oneOf(near, near, Arbitraries.strings().all().ofMaxLength(80));
    }

    @Provide
    static Arbitrary<String> lists() {
        Arbitrary<String> near = Arbitraries.strings()
                .withChars("ab=,;@ \t%2G0\u00e9\n\r\u0000\"\\")
                .ofMaxLength(300);
        return Arbitraries.oneOf(near, near, Arbitraries.strings().all().ofMaxLength(300));
    }

    @Property
    void traceparent_isReadAsItIsWritten_orNotAtAll(
            @ForAll("traceparents") String traceparent, @ForAll("lists") String tracestate) {
        SpanContext context = TraceContextPropagator.parse(traceparent, tracestate);
        if (context != null) {
            assertThat(context.isValid()).isTrue();
            assertThat(traceparent.toLowerCase(Locale.ROOT))
                    .contains(context.traceId())
                    .contains(context.spanId());
        }
    }

    @Property
    void tracestate_thatIsReadAndWritten_isReadAlike(@ForAll("lists") String header) {
        TraceState read = TraceState.parse(header);
        String written = read.header();

        assertThat(written.chars()).allMatch(c -> c >= 0x20 && c <= 0x7E);
        assertThat(TraceState.parse(written)).isEqualTo(read);
    }

    @Property
    void baggage_thatIsReadAndWritten_isReadAlike(@ForAll("lists") String header) {
        Baggage read = Baggage.parse(header);
        String written = read.header();

        assertThat(written.length()).isLessThanOrEqualTo(8192);
        assertThat(written.chars()).allMatch(c -> c >= 0x20 && c <= 0x7E);
        assertThat(Baggage.parse(written).keys()).isEqualTo(read.keys());
    }
}
