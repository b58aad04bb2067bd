// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.sampling;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Generation;
import io.spanflux.genai.Message;
import io.spanflux.genai.Tool;
import io.spanflux.test.LogCapture;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Sampler;
import io.spanflux.trace.SamplingRequest;
import io.spanflux.trace.SamplingResult;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.Tracer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.util.context.Context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class RuleSamplerTest {
    private static final SamplingRequest CHAT = about(Generation.chat("openai", "gpt-4o-mini")
            .temperature(0.2)
            .topK(3L)
            .stopSequences(List.of("END"))
            .server("api.openai.com", 443));
    private static final SamplingRequest TOOL = about(Tool.named("get_weather"));
    private static final SamplingRequest AGENT = about(Agent.named("support").model("gpt-4o"));
    private static final SamplingRequest PLAIN = request(
            "load-ticket",
            SpanKind.SERVER,
            Attributes.of("gen_ai.operation.name", "embeddings").with("n", 3).with("vip", true),
            null,
            Scope.named("s").attribute("tenant", "acme").attribute("n", 4));

    private static SamplingRequest about(SpanData data) {
        return request(
                data.spanName(),
                data.kind(),
                Attributes.empty(),
                data,
                Scope.none().attribute("tenant", "globex"));
    }

    private static SamplingRequest request(
            String name, SpanKind kind, Attributes attributes, SpanData data, Scope scope) {
        return new SamplingRequest(null, 1, 2, name, kind, attributes, data, scope);
    }

    static Stream<Arguments> rules() {
        return Stream.of(
                arguments("chat is the operation", Rule.operation("chat"), CHAT, true),
                arguments("another operation", Rule.operation("embeddings"), CHAT, false),
                arguments("a tool's operation", Rule.operation("execute_*"), TOOL, true),
                arguments("an agent's operation", Rule.operation("invoke_agent"), AGENT, true),
                arguments("an operation by attribute", Rule.operation("embeddings"), PLAIN, true),
                arguments("the provider", Rule.provider("openai"), CHAT, true),
                arguments("another provider", Rule.provider("anthropic"), CHAT, false),
                arguments("no provider", Rule.provider("*"), TOOL, false),
                arguments("the model", Rule.model("gpt-4o-mini"), CHAT, true),
                arguments("a model like this", Rule.model("gpt-4o*"), CHAT, true),
                arguments("another model", Rule.model("gpt-4o"), CHAT, false),
                arguments("an agent's model", Rule.model("gpt-4o"), AGENT, true),
                arguments("no model", Rule.model("*"), PLAIN, false),
                arguments("the name", Rule.name("load-*"), PLAIN, true),
                arguments("the name of data", Rule.name("chat gpt-4o-mini"), CHAT, true),
                arguments("another name", Rule.name("store-*"), PLAIN, false),
                arguments("the kind", Rule.kind(SpanKind.SERVER), PLAIN, true),
                arguments("another kind", Rule.kind(SpanKind.SERVER), CHAT, false),
                arguments("a scope's attribute", Rule.attribute("tenant", "acme"), PLAIN, true),
                arguments("another tenant", Rule.attribute("tenant", "acme"), CHAT, false),
                arguments("an attribute is no pattern", Rule.attribute("tenant", "ac*"), PLAIN, false),
                arguments("own attribute over scope's", Rule.attribute("n", 3), PLAIN, true),
                arguments("scope's under own attribute", Rule.attribute("n", 4), PLAIN, false),
                arguments("a truth value", Rule.attribute("vip", true), PLAIN, true),
                arguments("a number of data", Rule.attribute("gen_ai.request.temperature", 0.2), CHAT, true),
                arguments("a whole number of data", Rule.attribute("gen_ai.request.top_k", 3), CHAT, true),
                arguments("a port", Rule.attribute("server.port", 443), CHAT, true),
                arguments("a list", Rule.attribute("gen_ai.request.stop_sequences", List.of("END")), CHAT, true),
                arguments("a tool's name", Rule.attribute("gen_ai.tool.name", "get_weather"), TOOL, true),
                arguments("unknown", Rule.attribute("unknown", "x"), CHAT, false),
                arguments("both", Rule.provider("openai").and(Rule.model("gpt-*")), CHAT, true),
                arguments("only the first", Rule.provider("openai").and(Rule.model("o1")), CHAT, false),
                arguments("only the second", Rule.provider("x").and(Rule.model("gpt-*")), CHAT, false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void rules_seeWhatIsKnownAtTheStart(String what, Rule rule, SamplingRequest request, boolean matches) {
        assertThat(rule.matches(request)).isEqualTo(matches);
    }

    @Test
    void sample_theFirstRuleThatMatchesDecides() {
        Sampler sampler = RuleSampler.builder()
                .when(Rule.attribute("tenant", "acme"), request -> SamplingResult.record())
                .when(Rule.operation("embeddings"), Sampler.alwaysOff())
                .when(Rule.model("gpt-4o*"), Sampler.alwaysOff())
                .otherwise(Sampler.alwaysOn());

        assertThat(sampler.sample(PLAIN)).isEqualTo(SamplingResult.record());
        assertThat(sampler.sample(CHAT)).isEqualTo(SamplingResult.drop());
        assertThat(sampler.sample(TOOL)).isEqualTo(SamplingResult.sample());
    }

    @Test
    void sample_metadataIsAskedForByRulesThatNeedItOnly_andContentNever() {
        int[] asked = new int[2];
        SpanData data = new SpanData() {
            @Override
            public String spanName() {
                return "counting";
            }

            @Override
            public void forEachMetadata(AttributeConsumer consumer) {
                asked[0]++;
            }

            @Override
            public void forEachAttribute(AttributeConsumer consumer) {
                asked[1]++;
            }
        };
        Sampler byName =
                RuleSampler.builder().when(Rule.name("x"), Sampler.alwaysOff()).otherwise(Sampler.alwaysOn());
        Sampler byModel =
                RuleSampler.builder().when(Rule.model("x"), Sampler.alwaysOff()).otherwise(Sampler.alwaysOn());

        byName.sample(about(data));
        assertThat(asked).containsExactly(0, 0);
        byModel.sample(about(data));
        assertThat(asked).containsExactly(1, 0);
    }

    @Test
    void metadata_ofAGeneration_isAllButContent() {
        Generation generation = Generation.chat("openai", "gpt-4o").captureContent(true);
        generation.input(() -> List.of(Message.user("secret")));

        assertThat(about(generation).metadata("gen_ai.input.messages")).isNull();
        assertThat(about(generation).metadata("gen_ai.request.model")).isEqualTo("gpt-4o");
        Span span = Tracer.builder().build().span(generation).start();
        span.end();
        assertThat(span.attributes().get("gen_ai.input.messages")).isNotNull();
        assertThat(span.metadata("gen_ai.input.messages")).isNull();
        assertThat(span.metadata("gen_ai.request.model")).isEqualTo("gpt-4o");
    }

    @Test
    void tracer_withParentBasedRules_followsTheRootAllTheWay() {
        Sampler rules = RuleSampler.builder()
                .when(Rule.attribute("tenant", "acme"), Sampler.alwaysOn())
                .when(Rule.operation("chat"), Sampler.alwaysOn())
                .otherwise(Sampler.alwaysOff());
        Tracer each = Tracer.builder().sampler(rules).build();
        Tracer whole = Tracer.builder().sampler(Sampler.parentBased(rules)).build();

        Span droppedRoot = each.span("root").start();
        assertThat(droppedRoot.isSampled()).isFalse();
        assertThat(each.start(Generation.chat("openai", "o1"), droppedRoot.storeIn(Context.empty()))
                        .isSampled())
                .isTrue();
        assertThat(whole.start(
                                Generation.chat("openai", "o1"),
                                whole.span("root").start().storeIn(Context.empty()))
                        .isSampled())
                .isFalse();
        Scope acme = Scope.named("s").attribute("tenant", "acme");
        assertThat(whole.span("root").scope(acme).start().isSampled()).isTrue();
    }

    @Test
    void tracer_aRuleThatThrows_isWarnedOf_andTheSpanIsKept() {
        Rule broken = request -> {
            throw new IllegalStateException("broken rule");
        };
        Tracer tracer = Tracer.builder()
                .sampler(RuleSampler.builder().when(broken, Sampler.alwaysOff()).otherwise(Sampler.alwaysOff()))
                .build();
        LogCapture log = LogCapture.start();

        assertThat(tracer.span("span").start().isSampled()).isTrue();
        assertThat(log.warnings()).singleElement().asString().contains("A sampler failed");
    }

    @Test
    void rules_thatSayNothing_areRefusedByName() {
        assertThatThrownBy(() -> Rule.attribute("n", Double.NaN)).hasMessage("no attribute can be like this: n=NaN");
        assertThatThrownBy(() -> Rule.attribute("", "x")).hasMessage("no attribute can be like this: =x");
        assertThatThrownBy(() -> Rule.model("")).hasMessage("pattern is empty");
        assertThatNullPointerException().isThrownBy(() -> Rule.kind(null)).withMessage("kind == null");
        assertThatNullPointerException()
                .isThrownBy(() -> Rule.name("x").and(null))
                .withMessage("other == null");
        RuleSampler.Builder builder = RuleSampler.builder();
        assertThatNullPointerException()
                .isThrownBy(() -> builder.when(null, Sampler.alwaysOn()))
                .withMessage("rule == null");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.when(Rule.name("x"), null))
                .withMessage("sampler == null");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.otherwise(null))
                .withMessage("otherwise == null");
    }
}
