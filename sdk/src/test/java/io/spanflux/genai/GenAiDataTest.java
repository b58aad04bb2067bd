// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

/** What every type of GenAI data promises; its own test says the rest. */
class GenAiDataTest {
    /** A new type needs a line here and a test of its own. */
    private static final Map<Class<?>, Supplier<GenAiData>> SAMPLES = Map.of(
            Generation.class, () -> Generation.chat("openai", "gpt-4o-mini"),
            Tool.class, () -> Tool.named("get_weather"),
            Agent.class, () -> Agent.named("support"));

    static Stream<Class<?>> types() {
        return Arrays.stream(GenAiData.class.getPermittedSubclasses());
    }

    private static GenAiData sample(Class<?> type) {
        return SAMPLES.get(type).get();
    }

    @ParameterizedTest
    @MethodSource("types")
    void type_hasASampleAndATest(Class<?> type) {
        assertThat(SAMPLES).containsKey(type);
        assertThatCode(() -> Class.forName(type.getName() + "Test")).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @MethodSource("types")
    void name_isOperationAndObject(Class<?> type) {
        GenAiData data = sample(type);

        assertThat(data.spanName())
                .startsWith(AttributeRecorder.of(data).get(GenAiAttributes.OPERATION_NAME) + " ")
                .doesNotEndWith(" ");
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_beforeTheEnd_isSeenOnTheSpan(Class<?> type) throws ReflectiveOperationException {
        for (Method setter : setters(type)) {
            if (setter.getName().equals("captureContent")) {
                continue;
            }
            GenAiData data = capturing(sample(type));
            String before = describe(data);

            setter.invoke(data, values(setter));
            data.end();

            assertThat(describe(data)).as(setter.toString()).isNotEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_afterTheEnd_isIgnored(Class<?> type) throws ReflectiveOperationException {
        for (Method setter : setters(type)) {
            GenAiData data = capturing(sample(type));
            data.end();
            String before = describe(data);

            Object returned = setter.invoke(data, values(setter));

            assertThat(returned).as("fluent").isSameAs(data);
            assertThat(describe(data)).as(setter.toString()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_null_isNotKnownAndDoesNotThrow(Class<?> type) {
        for (Method setter : setters(type)) {
            GenAiData data = sample(type);
            Object[] nothing = Arrays.stream(setter.getParameterTypes())
                    .map(parameter -> parameter.isPrimitive() ? primitive(parameter) : null)
                    .toArray();

            assertThatCode(() -> setter.invoke(data, nothing))
                    .as(setter.toString())
                    .doesNotThrowAnyException();

            assertThatCode(() -> describe(data)).as(setter.toString()).doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySetter_contentOff_keepsNoContentAndAsksNoSupplier(Class<?> type) throws ReflectiveOperationException {
        GenAiData data = sample(type);
        for (Method setter : setters(type)) {
            if (!setter.getName().equals("captureContent")) {
                setter.invoke(data, values(setter, () -> {
                    throw new AssertionError("asked for content: " + setter);
                }));
            }
        }
        data.end();

        Map<String, Object> attributes = AttributeRecorder.of(data);

        assertThat(attributes)
                .doesNotContainKeys(
                        GenAiAttributes.INPUT_MESSAGES,
                        GenAiAttributes.OUTPUT_MESSAGES,
                        GenAiAttributes.TOOL_CALL_ARGUMENTS,
                        GenAiAttributes.TOOL_CALL_RESULT);
        assertThat(attributes.toString()).doesNotContain("appended-content");
        assertThat(data.estimatedBytes()).isLessThan(2_000);
    }

    @ParameterizedTest
    @MethodSource("types")
    void toString_withEverythingSet_showsNoContent(Class<?> type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        for (Method setter : setters(type)) {
            setter.invoke(data, values(setter));
        }

        assertThat(data.toString()).doesNotContain("content");
        data.end();
        assertThat(data.toString()).doesNotContain("content");
    }

    @ParameterizedTest
    @MethodSource("types")
    void attributes_mayBeReadAgain(Class<?> type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        for (Method setter : setters(type)) {
            setter.invoke(data, values(setter));
        }
        data.end();

        assertThat(AttributeRecorder.of(data))
                .isEqualTo(AttributeRecorder.of(data))
                .isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("types")
    void onASpan_isFrozenWhenTheSpanEnds(Class<?> type) throws ReflectiveOperationException {
        GenAiData data = capturing(sample(type));
        Span span = Tracer.builder().build().span(data).start();
        span.end();
        Object before = span.attributes();

        for (Method setter : setters(type)) {
            setter.invoke(data, values(setter));
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
                        .matches("(gen_ai|spanflux|server|error)\\.[a-z_.]+");
            }
        }
    }

    /** Public methods that return their own type: what the fluent style promises. */
    private static List<Method> setters(Class<?> type) {
        List<Method> setters = Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getReturnType() == type && !method.isSynthetic())
                .toList();
        assertThat(setters).isNotEmpty();
        return setters;
    }

    private static GenAiData capturing(GenAiData data) throws ReflectiveOperationException {
        try {
            data.getClass().getMethod("captureContent", boolean.class).invoke(data, true);
        } catch (NoSuchMethodException e) {
            // A type that has no content.
        } catch (InvocationTargetException e) {
            throw new AssertionError(e.getCause());
        }
        return data;
    }

    /** Everything that can be told of {@code data} from outside. */
    private static String describe(GenAiData data) {
        String captures = data instanceof Generation generation ? " " + generation.capturesContent() : "";
        return data.spanName() + AttributeRecorder.of(data) + captures;
    }

    private static Object[] values(Method setter) {
        Object content = setter.getDeclaringClass() == Tool.class
                ? "content"
                : List.of(new Message("user", List.of(new Message.Part.Text("content")), null));
        return values(setter, () -> content);
    }

    private static Object[] values(Method setter, Supplier<?> content) {
        return Arrays.stream(setter.getParameterTypes())
                .map(parameter -> {
                    if (parameter == Supplier.class) {
                        return content;
                    }
                    if (parameter == CharSequence.class) {
                        return "appended-content";
                    }
                    if (parameter == String.class) {
                        return "said-" + setter.getName();
                    }
                    if (parameter == Long.class) {
                        return 7L;
                    }
                    if (parameter == Double.class) {
                        return 0.7;
                    }
                    if (parameter == List.class) {
                        return List.of("said-" + setter.getName());
                    }
                    if (parameter == Usage.class) {
                        return Usage.of(7, 8);
                    }
                    return primitive(parameter);
                })
                .toArray();
    }

    private static Object primitive(Class<?> type) {
        if (type == boolean.class) {
            // Content is on for the samples, and a stream is not.
            return true;
        }
        if (type == double.class) {
            return 0.7;
        }
        if (type == int.class) {
            return 7;
        }
        return 7L;
    }
}
