// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Conventions.Row;
import io.spanflux.test.AttributeRecorder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** Holds every attribute of every span type against the tables of the conventions. */
class ConventionsTest {
    /** Comes from the span itself, whatever it is about. */
    private static final String ERROR_TYPE = "error.type";

    /** Levels of attributes that no setter alone brings about; the tests of prices and of generations do. */
    private static final Set<String> SET_ELSEWHERE = Set.of("calculated", "openai");

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    static Stream<String> spanTypes() {
        return Samples.BY_SPAN_TYPE.keySet().stream();
    }

    static Stream<List<String>> names() {
        return Conventions.lines("span-types.tsv").map(List::of);
    }

    @Test
    void table_knowsAllSpanTypes() {
        assertThat(Conventions.ROWS.stream().map(Row::spanType).collect(Collectors.toSet()))
                .isEqualTo(Samples.BY_SPAN_TYPE.keySet());
    }

    @ParameterizedTest
    @MethodSource("spanTypes")
    void attributes_withEverythingSaid_areThoseOfTheTable(String spanType) throws ReflectiveOperationException {
        Map<String, Object> attributes = AttributeRecorder.of(
                Samples.full(Samples.BY_SPAN_TYPE.get(spanType).get()));

        attributes.forEach((key, value) -> {
            List<Row> rows = Conventions.of(spanType).stream()
                    .filter(row -> row.covers(key))
                    .toList();
            assertThat(rows).as("%s is in the table", key).hasSize(1);
            assertThat(typesOf(value))
                    .as("%s=%s", key, value)
                    .contains(rows.get(0).type());
        });
        assertThat(Conventions.of(spanType).stream()
                        .filter(row -> !row.attribute().equals(ERROR_TYPE) && !SET_ELSEWHERE.contains(row.level()))
                        .filter(row -> attributes.keySet().stream().noneMatch(row::covers))
                        .map(Row::attribute))
                .as("attributes that nothing sets")
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("spanTypes")
    void attributes_withNothingSaid_areWhatIsRequired(String spanType) {
        GenAiData data = Samples.BY_SPAN_TYPE.get(spanType).get();

        Set<String> attributes = AttributeRecorder.of(data).keySet();

        assertThat(attributes)
                .containsAll(Conventions.of(spanType).stream()
                        .filter(row -> row.level().equals("required"))
                        .map(Row::attribute)
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("names")
    void nameAndKind_areTheConventions(List<String> row) {
        String operation = row.get(1);
        GenAiData data = ofOperation(row.get(0), operation);
        Map<String, Object> attributes = AttributeRecorder.of(data);
        String name = row.get(3);
        for (Map.Entry<String, Object> each : attributes.entrySet()) {
            name = name.replace("{" + each.getKey() + "}", each.getValue().toString());
        }

        assertThat(data.spanName()).isEqualTo(name);
        assertThat(data.kind()).hasToString(row.get(2));
        assertThat(attributes).containsEntry(GenAiAttributes.OPERATION_NAME, operation);
    }

    @ParameterizedTest
    @MethodSource("names")
    void name_ofAnUnknownObject_isTheOperation(List<String> row) {
        GenAiData data = switch (row.get(1)) {
            case "chat" -> Generation.chat(null, null);
            case "text_completion" -> Generation.textCompletion(null, null);
            case "generate_content" -> Generation.generateContent(null, null);
            case "embeddings" -> Embeddings.of(null, null);
            case "retrieval" -> Retrieval.from(null);
            case "create_agent" -> AgentCreation.of(null, null);
            case "invoke_agent" -> RemoteAgent.of(null, null);
            case "invoke_workflow" -> Workflow.named(null);
            case "plan" -> Plan.of(null);
            default -> ofOperation(row.get(0), row.get(1));
        };
        if (!(data instanceof Tool)) {
            assertThat(data.spanName()).isEqualTo(row.get(1));
        }
    }

    @ParameterizedTest
    @MethodSource("spanTypes")
    void typesWithoutAConvention_areInternalAndNamedByTypeAndName(String spanType) {
        GenAiData data = Samples.BY_SPAN_TYPE.get(spanType).get();
        boolean ours =
                Conventions.of(spanType).stream().allMatch(row -> row.level().equals("ours"));

        if (ours) {
            Map<String, Object> attributes = AttributeRecorder.of(data);
            assertThat(data.kind()).hasToString("INTERNAL");
            assertThat(data.spanName()).isEqualTo(spanType + " " + attributes.get("spanflux." + spanType + ".name"));
            assertThat(attributes).doesNotContainKey(GenAiAttributes.OPERATION_NAME);
        } else {
            assertThat(AttributeRecorder.of(data).keySet()).noneMatch(key -> key.startsWith("spanflux."));
        }
    }

    private static GenAiData ofOperation(String spanType, String operation) {
        return switch (operation) {
            case "text_completion" -> Generation.textCompletion("openai", "gpt-3.5-turbo-instruct");
            case "generate_content" -> Generation.generateContent("gcp.gemini", "gemini-2.5-flash");
            case "search_memory" ->
                spanType.equals("memory")
                        ? MemoryOperation.search()
                        : MemoryOperation.search().inProcess();
            case "create_memory" -> MemoryOperation.create();
            case "update_memory" -> MemoryOperation.update();
            case "upsert_memory" -> MemoryOperation.upsert();
            case "delete_memory" -> MemoryOperation.delete();
            case "create_memory_store" -> MemoryOperation.createStore();
            case "delete_memory_store" -> MemoryOperation.deleteStore();
            default -> Samples.BY_SPAN_TYPE.get(spanType).get();
        };
    }

    /** What a value may be called in the table. */
    private static List<String> typesOf(Object value) {
        if (value instanceof String text) {
            return isJson(text) ? List.of("string", "json", "any") : List.of("string", "any");
        }
        if (value instanceof Long) {
            return List.of("int", "any");
        }
        if (value instanceof Double) {
            return List.of("double", "any");
        }
        if (value instanceof Boolean) {
            return List.of("boolean", "any");
        }
        assertThat(value).isInstanceOf(List.class);
        assertThat((List<?>) value).allMatch(String.class::isInstance);
        return List.of("string[]", "any");
    }

    private static boolean isJson(String text) {
        try {
            JSON.readTree(text);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }
}
