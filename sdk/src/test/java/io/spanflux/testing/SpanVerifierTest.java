// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.testing;

import io.spanflux.test.FakeClock;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceState;
import io.spanflux.trace.Tracer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class SpanVerifierTest {
    private static final String TREE = "\nSpans:\n"
            + "  agent INTERNAL UNSET {}\n"
            + "    chat CLIENT UNSET {tokens=12, model=m}\n"
            + "      tool INTERNAL UNSET {}\n"
            + "    chat CLIENT ERROR {}\n";

    private final FakeClock clock = new FakeClock();
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final Tracer tracer = Tracer.builder().clock(clock).handler(spans).build();

    /** An agent that calls a model twice; the first call uses a tool, the second fails. Ended from the inside out. */
    @BeforeEach
    void trace() {
        Span agent = tracer.span("agent").start();
        clock.advance(Duration.ofMillis(1));
        Span chat = tracer.span("chat").kind(SpanKind.CLIENT).parent(agent).start();
        chat.attribute("tokens", 12).attribute("model", "m").event("first-chunk");
        clock.advance(Duration.ofMillis(1));
        tracer.span("tool").parent(chat).start().end();
        chat.end();
        clock.advance(Duration.ofMillis(1));
        Span failed = tracer.span("chat").kind(SpanKind.CLIENT).parent(agent).start();
        failed.status(SpanStatus.ERROR);
        failed.end();
        agent.end();
    }

    private SpanVerifier verifier() {
        return SpanVerifier.create(spans.spans());
    }

    @Test
    void verify_everythingAsExpected_passes() {
        verifier()
                .expectSpanCount(4)
                .expectSpan("agent")
                .isRoot()
                .hasKind(SpanKind.INTERNAL)
                .hasStatus(SpanStatus.UNSET)
                .hasNoAttribute("tokens")
                .expectSpan("chat")
                .isChildOf("agent")
                .hasKind(SpanKind.CLIENT)
                .hasAttribute("tokens")
                .hasAttribute("tokens", 12)
                .hasAttribute("tokens", 12L)
                .hasAttribute("model", "m")
                .hasEvent("first-chunk")
                .matches("has not ended", Span::hasEnded)
                .expectSpan("tool")
                .isChildOf("chat")
                .expectSpan("chat")
                .hasStatus(SpanStatus.ERROR)
                .expectNoMoreSpans()
                .verify();
    }

    static Stream<Arguments> unmet() {
        return Stream.of(
                unmet("expected 3 span(s), there are 4", verifier -> verifier.expectSpanCount(3)),
                unmet("no (further) span named \"other\"", verifier -> verifier.expectSpan("other")),
                unmet(
                        "no (further) span named \"tool\"",
                        verifier -> verifier.expectSpan("tool").expectSpan("tool")),
                unmet(
                        "span \"chat\" is not a root",
                        verifier -> verifier.expectSpan("chat").isRoot()),
                unmet(
                        "span \"tool\" is not a child of \"agent\"",
                        verifier -> verifier.expectSpan("tool").isChildOf("agent")),
                unmet(
                        "span \"agent\" is not a child of \"agent\"",
                        verifier -> verifier.expectSpan("agent").isChildOf("agent")),
                unmet(
                        "span \"chat\" is not SERVER",
                        verifier -> verifier.expectSpan("chat").hasKind(SpanKind.SERVER)),
                unmet(
                        "span \"chat\" does not have status ERROR",
                        verifier -> verifier.expectSpan("chat").hasStatus(SpanStatus.ERROR)),
                unmet(
                        "span \"chat\" does not have tokens=13",
                        verifier -> verifier.expectSpan("chat").hasAttribute("tokens", 13)),
                unmet(
                        "span \"chat\" does not have tokens=12",
                        verifier -> verifier.expectSpan("chat").hasAttribute("tokens", "12")),
                unmet(
                        "span \"agent\" does not have tokens",
                        verifier -> verifier.expectSpan("agent").hasAttribute("tokens")),
                unmet(
                        "span \"chat\" has tokens",
                        verifier -> verifier.expectSpan("chat").hasNoAttribute("tokens")),
                unmet(
                        "span \"tool\" has no event first-chunk",
                        verifier -> verifier.expectSpan("tool").hasEvent("first-chunk")),
                unmet(
                        "span \"chat\" is odd",
                        verifier -> verifier.expectSpan("chat").matches("is odd", span -> false)));
    }

    private static Arguments unmet(String complaint, UnaryOperator<SpanVerifier> expectation) {
        return arguments(complaint, expectation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unmet")
    void verify_oneExpectationUnmet_namesItAndShowsTheTree(String complaint, UnaryOperator<SpanVerifier> expectation) {
        SpanVerifier verifier = expectation.apply(verifier());

        assertThatThrownBy(verifier::verify).isInstanceOf(AssertionError.class).hasMessage(complaint + TREE);
    }

    @Test
    void verify_severalUnmet_namesAll() {
        SpanVerifier verifier = verifier()
                .expectSpan("tool")
                .isRoot()
                .hasKind(SpanKind.CLIENT)
                .expectSpan("missing")
                .isRoot()
                .hasAttribute("of what is missing nothing more is said")
                .expectSpan("agent")
                .hasStatus(SpanStatus.OK);

        assertThatThrownBy(verifier::verify)
                .hasMessage("span \"tool\" is not a root\n"
                        + "span \"tool\" is not CLIENT\n"
                        + "no (further) span named \"missing\"\n"
                        + "span \"agent\" does not have status OK"
                        + TREE);
    }

    @Test
    void expectNoMoreSpans_someLeft_namesEach() {
        SpanVerifier verifier =
                verifier().expectSpan("agent").expectSpan("chat").expectNoMoreSpans();

        assertThatThrownBy(verifier::verify).hasMessage("unexpected span \"tool\"\nunexpected span \"chat\"" + TREE);
    }

    @Test
    void expectation_withoutASpan_isAMistakeThatIsTold() {
        SpanVerifier before = verifier().isRoot();
        SpanVerifier after = verifier()
                .expectSpan("agent")
                .expectSpan("tool")
                .expectSpan("chat")
                .expectSpan("chat")
                .expectNoMoreSpans()
                .hasKind(SpanKind.CLIENT);

        assertThatThrownBy(before::verify).isInstanceOf(AssertionError.class).hasMessageContaining("expectSpan");
        assertThatThrownBy(after::verify).isInstanceOf(AssertionError.class).hasMessageContaining("expectSpan");
    }

    @Test
    void isChildOf_sameSpanIdInAnotherTrace_isNoParent() {
        Span agent = spans.spans().get(3);
        SpanContext remote = SpanContext.remote(
                "0af7651916cd43dd8448eb211c80319c", agent.context().spanId(), 1, TraceState.empty());
        Span child = tracer.span("child").parent(remote).start();
        child.end();
        SpanVerifier verifier = verifier().expectSpan("child").isChildOf("agent");

        assertThatThrownBy(verifier::verify)
                .hasMessageStartingWith("span \"child\" is not a child of \"agent\"")
                .as("a span whose parent is not here is shown at the top")
                .hasMessageContaining("\n  child INTERNAL UNSET {}\n");
    }

    @Test
    void verify_treeOfAFailure_isInTheOrderOfStarts() {
        spans.reset();
        Span first = tracer.span("first").start();
        clock.advance(Duration.ofMillis(1));
        Span second = tracer.span("second").start();
        clock.advance(Duration.ofMillis(1));
        Span third = tracer.span("third").parent(first).start();
        clock.advance(Duration.ofMillis(1));
        Span fourth = tracer.span("fourth").parent(first).start();
        List.of(fourth, second, third, first).forEach(Span::end);
        SpanVerifier verifier = verifier().expectSpanCount(0);

        assertThatThrownBy(verifier::verify)
                .hasMessageEndingWith("\nSpans:\n"
                        + "  first INTERNAL UNSET {}\n"
                        + "    third INTERNAL UNSET {}\n"
                        + "    fourth INTERNAL UNSET {}\n"
                        + "  second INTERNAL UNSET {}\n");
    }

    @Test
    void create_listChangedLater_isNotFollowed() {
        List<Span> list = new ArrayList<>(spans.spans());
        SpanVerifier verifier = SpanVerifier.create(list);
        list.clear();

        verifier.expectSpanCount(4).expectSpan("agent").verify();
    }

    @Test
    void verify_noSpans_saysSo() {
        SpanVerifier verifier = SpanVerifier.create(List.of()).expectSpan("agent");

        assertThatThrownBy(verifier::verify).hasMessage("no (further) span named \"agent\"\nSpans:\n");
        SpanVerifier.create(List.of()).expectNoMoreSpans().expectSpanCount(0).verify();
        assertThat(spans.spans()).hasSize(4);
    }
}
