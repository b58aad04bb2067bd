// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import io.spanflux.genai.Agent;
import io.spanflux.genai.Tool;
import io.spanflux.genai.Workflow;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.SpanData;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.KotlinDetector;
import org.springframework.core.MethodParameter;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotatedMethod;

/**
 * What the annotations of a method say.
 *
 * @param name the span's name
 * @param as what the method is
 * @param reactive whether its span is a subscription's
 * @param keys the attributes that arguments become, null for those that become none
 */
record TracedMethod(String name, Traced.As as, boolean reactive, List<Optional<String>> keys) {
    static TracedMethod of(Method method, Class<?> type) {
        Traced traced = AnnotatedElementUtils.findMergedAnnotation(method, Traced.class);
        String name = traced == null || traced.value().isEmpty()
                ? type.getSimpleName() + '.' + method.getName()
                : traced.value();
        List<Optional<String>> keys = new ArrayList<>();
        for (MethodParameter parameter : new AnnotatedMethod(method).getMethodParameters()) {
            keys.add(Optional.ofNullable(key(parameter, method)));
        }
        return new TracedMethod(
                name,
                traced == null ? Traced.As.SPAN : traced.as(),
                Publisher.class.isAssignableFrom(method.getReturnType()) || KotlinDetector.isSuspendingFunction(method),
                List.copyOf(keys));
    }

    private static @Nullable String key(MethodParameter parameter, Method method) {
        SpanAttribute attribute = parameter.getParameterAnnotation(SpanAttribute.class);
        if (attribute == null) {
            return null;
        }
        return attribute.value().isEmpty()
                ? method.getParameters()[parameter.getParameterIndex()].getName()
                : attribute.value();
    }

    Attributes attributes(@Nullable Object[] arguments) {
        Attributes attributes = Attributes.empty();
        for (int i = 0; i < Math.min(arguments.length, keys.size()); i++) {
            String key = keys.get(i).orElse(null);
            if (key != null) {
                attributes = attributes.with(key, value(arguments[i]));
            }
        }
        return attributes;
    }

    private static @Nullable Object value(@Nullable Object argument) {
        Object value = argument instanceof Optional<?> optional ? optional.orElse(null) : argument;
        return value != null && isSpokenFor(value) ? value.toString() : value;
    }

    /** Whether it is a type of the JDK's of which there is no attribute; its text says what it is. */
    private static boolean isSpokenFor(Object value) {
        boolean attribute = value instanceof Number
                || value instanceof Boolean
                || value instanceof Collection<?>
                || value instanceof Map<?, ?>;
        return !attribute && value.getClass().getName().startsWith("java.");
    }

    SpanData data() {
        return switch (as) {
            case SPAN -> new Named(name);
            case AGENT -> Agent.named(name);
            case TOOL -> Tool.named(name);
            case WORKFLOW -> Workflow.named(name);
        };
    }

    private record Named(String spanName) implements SpanData {
        @Override
        public void forEachAttribute(AttributeConsumer consumer) {}

        @Override
        public int estimatedBytes() {
            return 0;
        }
    }
}
