// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.ContentCapture;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** One of each span type, and all that can be said of it: whatever has a setter. */
final class Samples {
    /** By the names of conventions.tsv, with what a type requires and no more. */
    static final Map<String, Supplier<GenAiData>> BY_SPAN_TYPE = new LinkedHashMap<>();

    static {
        BY_SPAN_TYPE.put(
                "inference", () -> Generation.chat("openai", "gpt-4o-mini").usage(1, 2));
        BY_SPAN_TYPE.put("embeddings", () -> Embeddings.of("openai", "text-embedding-3-small"));
        BY_SPAN_TYPE.put("retrieval", () -> Retrieval.from("docs"));
        BY_SPAN_TYPE.put("fetch_response", () -> FetchedResponse.of("openai", "resp_1"));
        BY_SPAN_TYPE.put("memory", MemoryOperation::search);
        BY_SPAN_TYPE.put("create_agent", () -> AgentCreation.of("openai", "support"));
        BY_SPAN_TYPE.put("invoke_agent.client", () -> RemoteAgent.of("openai", "support"));
        BY_SPAN_TYPE.put("invoke_agent.internal", () -> Agent.named("support"));
        BY_SPAN_TYPE.put("execute_tool", () -> Tool.named("get_weather"));
        BY_SPAN_TYPE.put("invoke_workflow", () -> Workflow.named("triage"));
        BY_SPAN_TYPE.put("plan", () -> Plan.of("support"));
        BY_SPAN_TYPE.put("mcp.client", () -> McpCall.client("tools/call"));
        BY_SPAN_TYPE.put("mcp.server", () -> McpCall.server("tools/call"));
        BY_SPAN_TYPE.put("guardrail", () -> Guardrail.named("pii"));
        BY_SPAN_TYPE.put("handoff", () -> Handoff.named("to billing"));
        BY_SPAN_TYPE.put("speech", () -> Speech.named("reply"));
        BY_SPAN_TYPE.put("speech_group", () -> SpeechGroup.named("reply"));
        BY_SPAN_TYPE.put("transcription", () -> Transcription.named("question"));
        BY_SPAN_TYPE.put("custom", () -> Custom.named("cache"));
    }

    private Samples() {}

    /** Public methods that return their own type, which is what the fluent style promises; not those that the SDK calls. */
    static List<Method> setters(Class<?> type) {
        Map<String, Method> setters = new TreeMap<>();
        for (Method method : type.getMethods()) {
            boolean fluent = method.getReturnType() != Object.class
                    && method.getReturnType().isAssignableFrom(type)
                    && !Modifier.isStatic(method.getModifiers());
            if (fluent
                    && !method.getName().equals("captureContent")
                    && !method.getName().equals("costCalculator")) {
                String signature = method.getName() + Arrays.toString(method.getParameterTypes());
                setters.merge(signature, method, (a, b) -> a.isSynthetic() ? b : a);
            }
        }
        return List.copyOf(setters.values());
    }

    static void set(GenAiData data, Method setter) throws ReflectiveOperationException {
        setter.invoke(data, values(setter, content(setter)));
    }

    /** With everything said that can be said of it, ended. */
    static GenAiData full(GenAiData data) throws ReflectiveOperationException {
        capturing(data);
        for (Method setter : setters(data.getClass())) {
            // usage(long, long) says less than usage(Usage), and would be the last word.
            if (!Arrays.equals(setter.getParameterTypes(), new Class<?>[] {long.class, long.class})) {
                set(data, setter);
            }
        }
        data.end();
        return data;
    }

    static GenAiData capturing(GenAiData data) {
        if (data instanceof ContentData<?> content) {
            content.captureContent(true);
        }
        return data;
    }

    static Object[] values(Method setter, Supplier<?> content) {
        List<Object> values = new ArrayList<>();
        for (Class<?> parameter : setter.getParameterTypes()) {
            values.add(value(setter, parameter, content));
        }
        return values.toArray();
    }

    private static Supplier<?> content(Method setter) {
        String type = Arrays.toString(declared(setter).getGenericParameterTypes());
        Object content;
        if (type.contains("List<io.spanflux.genai.Message>")) {
            content = List.of(Message.user("content"));
        } else if (type.contains("List<io.spanflux.genai.Message$Part>")) {
            content = List.of(new Message.Part.Text("content"));
        } else if (type.contains("List<io.spanflux.genai.ToolDefinition>")) {
            content = List.of(ToolDefinition.function("content"));
        } else if (type.contains("List<java.lang.String>")) {
            content = List.of("content");
        } else if (type.contains("List<?>")) {
            content = List.of(List.of("content"));
        } else {
            content = "{\"content\":1}";
        }
        return () -> content;
    }

    /** What a bridge leads to: a method of a superclass that is not public, with its generic types. */
    private static Method declared(Method setter) {
        for (Class<?> type = setter.getDeclaringClass();
                setter.isSynthetic() && type != null;
                type = type.getSuperclass()) {
            for (Method method : type.getDeclaredMethods()) {
                if (!method.isSynthetic()
                        && method.getName().equals(setter.getName())
                        && Arrays.equals(method.getParameterTypes(), setter.getParameterTypes())) {
                    return method;
                }
            }
        }
        return setter;
    }

    private static Object value(Method setter, Class<?> parameter, Supplier<?> content) {
        if (parameter == Supplier.class) {
            return content;
        }
        if (parameter == CharSequence.class) {
            return "appended-content";
        }
        if (parameter == String.class && setter.getName().equals("cost")) {
            return "USD";
        }
        if (parameter == BigDecimal.class) {
            return BigDecimal.TEN;
        }
        if (parameter == String.class || parameter == Object.class) {
            return "said-" + setter.getName();
        }
        if (parameter == Long.class) {
            return 7L;
        }
        if (parameter == Double.class) {
            return 0.7;
        }
        if (parameter == Boolean.class) {
            return true;
        }
        if (parameter == List.class) {
            return List.of("said-" + setter.getName());
        }
        if (parameter == Usage.class) {
            return new Usage(7L, 8L, 1L, 2L, 3L)
                    .withModalities(
                            new Usage.Modality(4L, 5L, 6L),
                            new Usage.Modality(1L, 2L, 3L),
                            new Usage.Modality(2L, 1L, 1L));
        }
        if (parameter == ContentCapture.class) {
            return ContentCapture.SPANS;
        }
        return primitive(parameter);
    }

    static Object primitive(Class<?> type) {
        if (type == boolean.class) {
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
