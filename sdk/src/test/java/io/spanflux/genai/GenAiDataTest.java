// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static io.spanflux.genai.Samples.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

/** What every type of GenAI data promises; its own test says the rest. */
class GenAiDataTest {
    static Stream<String> types() {
        return Samples.BY_SPAN_TYPE.keySet().stream();
    }

    private static GenAiData sample(String type) {
        return Samples.BY_SPAN_TYPE.get(type).get();
    }

    @Test
    void types_haveASample() {
        assertThat(Samples.BY_SPAN_TYPE.values().stream()
                        .<Class<?>>map(sample -> sample.get().getClass())
                        .distinct())
                .containsExactlyInAnyOrder(GenAiData.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_beforeTheEnd_isSeenOnTheSpan(String type) throws ReflectiveOperationException {
        for (Method setter : setters(sample(type).getClass())) {
            GenAiData data = capturing(sample(type));
            String before = describe(data);

            set(data, setter);
            data.end();

            assertThat(describe(data)).as(setter.toString()).isNotEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void metadata_isWhatTheSpanSays_andNeverContent(String type) throws ReflectiveOperationException {
        GenAiData data = Samples.full(sample(type));
        Map<String, Object> said = AttributeRecorder.of(data);

        for (String key : List.of(
                GenAiAttributes.OPERATION_NAME,
                GenAiAttributes.PROVIDER_NAME,
                GenAiAttributes.REQUEST_MODEL,
                GenAiAttributes.RESPONSE_MODEL,
                GenAiAttributes.RESPONSE_TIME_TO_FIRST_CHUNK,
                GenAiAttributes.SERVER_ADDRESS,
                GenAiAttributes.SERVER_PORT,
                GenAiAttributes.AGENT_NAME,
                GenAiAttributes.WORKFLOW_NAME,
                GenAiAttributes.TOOL_NAME,
                GenAiAttributes.TOOL_TYPE,
                GenAiAttributes.USAGE_INPUT_TOKENS,
                GenAiAttributes.USAGE_OUTPUT_TOKENS)) {
            assertThat(data.metadata(key)).as(key).isEqualTo(said.get(key));
        }
        for (String content : Conventions.contentOf(type)) {
            assertThat(data.metadata(content)).as(content).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_afterTheEnd_isIgnored(String type) throws ReflectiveOperationException {
        for (Method setter : setters(sample(type).getClass())) {
            GenAiData data = capturing(sample(type));
            data.end();
            String before = describe(data);

            Object returned = setter.invoke(data, values(setter, () -> "late"));

            assertThat(returned).as("fluent").isSameAs(data);
            assertThat(describe(data)).as(setter.toString()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_null_isNotKnownAndDoesNotThrow(String type) {
        for (Method setter : setters(sample(type).getClass())) {
            GenAiData data = sample(type);
            Object[] nothing = Arrays.stream(setter.getParameterTypes())
                    .map(parameter -> parameter.isPrimitive() ? Samples.primitive(parameter) : null)
                    .toArray();

            assertThatCode(() -> setter.invoke(data, nothing))
                    .as(setter.toString())
                    .doesNotThrowAnyException();

            assertThatCode(() -> describe(data)).as(setter.toString()).doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_contentOff_keepsNoContentAndAsksNoSupplier(String type) throws ReflectiveOperationException {
        GenAiData data = sample(type);
        for (Method setter : setters(sample(type).getClass())) {
            setter.invoke(data, values(setter, () -> {
                throw new AssertionError("asked for content: " + setter);
            }));
        }
        data.end();

        Map<String, Object> attributes = AttributeRecorder.of(data);

        assertThat(attributes.keySet()).noneMatch(Conventions.contentOf(type)::contains);
        assertThat(attributes.toString()).doesNotContain("appended-content");
        assertThat(data.estimatedBytes()).isLessThan(4_000);
    }

    @ParameterizedTest
    @MethodSource("types")
    void toString_withEverythingSet_showsNoContent(String type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        for (Method setter : setters(sample(type).getClass())) {
            set(data, setter);
        }

        assertThat(data.toString()).doesNotContain("content");
        data.end();
        assertThat(data.toString()).doesNotContain("content");
    }

    @ParameterizedTest
    @MethodSource("types")
    void attributes_mayBeReadAgain(String type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        for (Method setter : setters(sample(type).getClass())) {
            set(data, setter);
        }
        data.end();

        assertThat(AttributeRecorder.of(data))
                .isEqualTo(AttributeRecorder.of(data))
                .isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("types")
    void onASpan_isFrozenWhenTheSpanEnds(String type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        Span span = Tracer.builder().build().span(data).start();
        span.end();
        Object before = span.attributes();

        for (Method setter : setters(sample(type).getClass())) {
            set(data, setter);
        }

        assertThat(span.attributes()).isEqualTo(before);
        assertThat(span.name()).isEqualTo(sample(type).spanName());
    }

    @Test
    void names_ofOurOwn_startWithSpanflux() throws IllegalAccessException {
        for (var field : GenAiAttributes.class.getFields()) {
            if (!field.getName().equals("SCHEMA_URL")) {
                assertThat((String) field.get(null))
                        .as(field.getName())
                        .matches("(gen_ai|openai|spanflux|server|client|error|mcp|jsonrpc|rpc|network)\\.[a-z_.]+");
            }
        }
    }

    /** Everything that can be told of {@code data} from outside. */
    private static String describe(GenAiData data) {
        return data.spanName() + data.kind() + data.errorType() + AttributeRecorder.of(data);
    }
}
