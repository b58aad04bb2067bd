// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.LogCapture;
import io.spanflux.trace.ContentCapture;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class ContentPolicyTest {
    private static final String ARGUMENTS = "gen_ai.tool.call.arguments";
    private static final String RESULT = "gen_ai.tool.call.result";

    private static ContentPolicy capturing(ContentCapture where) {
        return ContentPolicy.builder().capture(where).build();
    }

    private static Map<String, Object> spanOf(ContentPolicy policy, Scope scope, Tool tool) {
        return spanOf(Tracer.builder().handler(policy).build(), scope, tool);
    }

    private static Map<String, Object> spanOf(Tracer tracer, Scope scope, Tool tool) {
        Span span = tracer.span(tool).scope(scope).start();
        tool.result(() -> "late");
        span.end();
        return span.attributes().asMap();
    }

    /** Refuses what the test says, fails where it says so, else marks what it saw. */
    private static final class Redactor implements ContentRedactor {
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public Message.@Nullable Part redact(Message.Part part) {
            return part;
        }

        @Override
        public @Nullable Object redact(String attribute, Object value) {
            asked.incrementAndGet();
            if (value.equals("forbidden")) {
                return null;
            }
            if (value.equals("hostile")) {
                throw new IllegalStateException("hostile");
            }
            return "seen " + attribute;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "NONE,             ,                 false",
        "SPANS,            ,                 true",
        "EVENTS,           ,                 false",
        "SPANS_AND_EVENTS, ,                 true",
        "NONE,             SPANS,            true",
        "SPANS,            NONE,             false",
        "SPANS,            EVENTS,           false",
    })
    void capture_ofTheScope_winsOverTheSdks(ContentCapture sdk, @Nullable ContentCapture scope, boolean captured) {
        Scope of = scope == null ? Scope.none() : Scope.named("s").captureContent(scope);

        Map<String, Object> attributes =
                spanOf(capturing(sdk), of, Tool.named("t").arguments(() -> "early"));

        assertThat(attributes.containsKey(ARGUMENTS)).isEqualTo(captured);
        assertThat(attributes.containsKey(RESULT)).isEqualTo(captured);
    }

    @ParameterizedTest
    @CsvSource({"NONE, SPANS, true", "SPANS, NONE, false"})
    void capture_ofTheCall_winsOverAll(ContentCapture others, ContentCapture call, boolean captured) {
        Scope scope = Scope.named("s").captureContent(others);
        Tool tool = Tool.named("t").arguments(() -> "early").captureContent(call);

        Map<String, Object> attributes = spanOf(capturing(others), scope, tool);

        assertThat(attributes.containsKey(ARGUMENTS)).isEqualTo(captured);
        assertThat(attributes.containsKey(RESULT)).isEqualTo(captured);
    }

    @Test
    void scope_insideAnother_inheritsItsCapture() {
        Scope outer = Scope.named("outer").captureContent(ContentCapture.SPANS).enteredIn(Scope.none());

        assertThat(Scope.named("inner").enteredIn(outer).contentCapture()).isEqualTo(ContentCapture.SPANS);
        assertThat(Scope.named("inner")
                        .captureContent(ContentCapture.NONE)
                        .attribute("a", 1)
                        .enteredIn(outer)
                        .contentCapture())
                .isEqualTo(ContentCapture.NONE);
    }

    @Test
    void suppliers_ofASpanThatIsNotRecorded_areNeverAsked() {
        Tracer tracer = Tracer.builder()
                .handler(capturing(ContentCapture.SPANS))
                .sampler(Sampler.alwaysOff())
                .build();
        AtomicInteger asked = new AtomicInteger();

        spanOf(tracer, Scope.none(), Tool.named("t").arguments(asked::incrementAndGet));

        assertThat(asked).hasValue(0);
    }

    @Test
    void supplier_thatThrowsAtTheStart_isCounted_andCostsNothingElse() {
        LogCapture logs = LogCapture.start();
        Tracer tracer =
                Tracer.builder().handler(capturing(ContentCapture.SPANS)).build();
        Tool tool = Tool.named("t").arguments(() -> {
            throw new IllegalStateException("of the application");
        });

        assertThat(spanOf(tracer, Scope.none(), tool)).containsEntry(RESULT, "late");
        assertThat(tracer.callbackFailures()).isEqualTo(1);
        assertThat(logs.warnings()).hasSize(1);
    }

    @Test
    void content_offeredTwice_isTheLast() {
        Tool tool = Tool.named("t").arguments(() -> "first").arguments(() -> "second");

        assertThat(spanOf(capturing(ContentCapture.SPANS), Scope.none(), tool)).containsEntry(ARGUMENTS, "second");
    }

    @Test
    void redactor_seesEachPieceOnce_howeverOftenItIsExported() {
        Redactor redactor = new Redactor();
        ContentPolicy policy = ContentPolicy.builder()
                .capture(ContentCapture.SPANS)
                .redactor(redactor)
                .build();
        Tool tool = Tool.named("t").arguments(() -> "secret");
        Span span = Tracer.builder().handler(policy).build().span(tool).start();
        span.end();

        assertThat(redactor.asked).as("nothing on the caller's thread").hasValue(0);
        assertThat(span.attributes().get(ARGUMENTS)).isEqualTo("seen " + ARGUMENTS);
        assertThat(span.attributes().get(ARGUMENTS)).isEqualTo("seen " + ARGUMENTS);
        assertThat(redactor.asked).hasValue(1);
    }

    @Test
    void redactor_holdsForContentThatACallCapturesByItself() {
        ContentPolicy policy = ContentPolicy.builder().redactor(new Redactor()).build();
        Tool tool = Tool.named("t").captureContent(true).arguments(() -> "secret");

        assertThat(spanOf(policy, Scope.none(), tool)).containsEntry(ARGUMENTS, "seen " + ARGUMENTS);
    }

    @Test
    void redactor_thatAnswersNull_takesThePieceAway() {
        ContentPolicy policy = ContentPolicy.builder()
                .capture(ContentCapture.SPANS)
                .redactor(new Redactor())
                .build();

        assertThat(spanOf(policy, Scope.none(), Tool.named("t").arguments(() -> "forbidden")))
                .containsKey(RESULT)
                .doesNotContainKeys(ARGUMENTS, GenAiAttributes.CONTENT_LOST);
    }

    @Test
    void redactor_thatThrows_losesThePiece_marksTheSpan_andLetsNothingOut() {
        ContentPolicy policy = ContentPolicy.builder()
                .capture(ContentCapture.SPANS)
                .redactor(new Redactor())
                .build();
        LogCapture logs = LogCapture.start();
        Map<String, Object> attributes =
                spanOf(policy, Scope.none(), Tool.named("t").arguments(() -> "hostile"));

        assertThat(attributes)
                .containsKey(RESULT)
                .doesNotContainKey(ARGUMENTS)
                .containsEntry(GenAiAttributes.CONTENT_LOST, 1L);
        assertThat(policy.redactionFailures()).isEqualTo(1);
        assertThat(logs.warnings()).hasSize(1);
    }

    @Test
    void toString_saysWhatHolds() {
        assertThat(ContentPolicy.builder().redactor(new Redactor()).build())
                .hasToString("ContentPolicy{capture=NONE, redactor=set}");
        assertThat(capturing(ContentCapture.EVENTS)).hasToString("ContentPolicy{capture=EVENTS, redactor=none}");
    }

    @Test
    void builder_null_isRefusedByName() {
        assertThatThrownBy(() -> ContentPolicy.builder().capture(null)).hasMessage("capture == null");
        assertThatThrownBy(() -> ContentPolicy.builder().redactor(null)).hasMessage("redactor == null");
        assertThatThrownBy(() -> Scope.named("s").captureContent(null)).hasMessage("where == null");
    }
}
