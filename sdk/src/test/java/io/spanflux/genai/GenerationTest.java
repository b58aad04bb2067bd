// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.test.AttributeRecorder;
import io.spanflux.test.Race;
import io.spanflux.trace.SpanKind;
import java.math.BigDecimal;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

class GenerationTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MEBI = 1 << 20;

    private final Generation generation = Generation.chat("openai", "gpt-4o-mini");

    private Map<String, Object> attributes() {
        return AttributeRecorder.of(generation);
    }

    private JsonNode json(String key) {
        return JSON.readTree((String) attributes().get(key));
    }

    // ---- projection ----------------------------------------------------------------------------------------------

    @Test
    void attributes_nothingMoreSaid_areThoseOfTheRequest() {
        assertThat(attributes())
                .containsExactly(
                        entry("gen_ai.operation.name", "chat"),
                        entry("gen_ai.provider.name", "openai"),
                        entry("gen_ai.request.model", "gpt-4o-mini"));
        assertThat(generation.spanName()).isEqualTo("chat gpt-4o-mini");
        assertThat(generation.kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(generation.operation()).isEqualTo("chat");
        assertThat(generation.usage()).isNull();
    }

    @Test
    void of_takesAnyOperation_butABlankOne() {
        Generation rerank = Generation.of("rerank", "cohere", "rerank-3");
        assertThat(rerank.spanName()).isEqualTo("rerank rerank-3");
        assertThat(AttributeRecorder.of(rerank)).containsEntry("gen_ai.operation.name", "rerank");
        assertThatThrownBy(() -> Generation.of(" ", "cohere", "rerank-3")).hasMessage("operation is blank");
    }

    @Test
    void attributes_nothingKnown_isTheOperationAlone() {
        Generation unknown = Generation.chat(null, null);
        unknown.end();

        assertThat(AttributeRecorder.of(unknown)).containsExactly(entry("gen_ai.operation.name", "chat"));
        assertThat(unknown.spanName()).isEqualTo("chat");
        assertThat(unknown.provider()).isNull();
        assertThat(unknown.model()).isNull();
    }

    @Test
    void attributes_everythingSaid_haveTheConventionsNamesAndTypes() {
        generation
                .provider("anthropic")
                .model("claude-sonnet-4-5")
                .temperature(0.2)
                .topP(0.9)
                .topK(40L)
                .frequencyPenalty(0.1)
                .presencePenalty(-0.1)
                .maxTokens(1_000L)
                .choiceCount(2L)
                .seed(42L)
                .stopSequences(List.of("END", "STOP"))
                .reasoningLevel("high")
                .previousResponseId("resp_0")
                .outputType("json")
                .conversation("conv_1")
                .server("api.anthropic.com", 443)
                .stream(true)
                .responseId("resp_1")
                .responseModel("claude-sonnet-4-5-20250929")
                .finishReasons(List.of("stop", "length"))
                .timeToFirstChunk(0.25)
                .usage(Usage.of(100, 20).withCache(60L, 10L).withReasoning(5L));

        assertThat(attributes())
                .containsExactly(
                        entry("gen_ai.operation.name", "chat"),
                        entry("gen_ai.provider.name", "anthropic"),
                        entry("gen_ai.request.model", "claude-sonnet-4-5"),
                        entry("gen_ai.request.temperature", 0.2),
                        entry("gen_ai.request.top_p", 0.9),
                        entry("gen_ai.request.top_k", 40L),
                        entry("gen_ai.request.frequency_penalty", 0.1),
                        entry("gen_ai.request.presence_penalty", -0.1),
                        entry("gen_ai.request.max_tokens", 1_000L),
                        entry("gen_ai.request.choice.count", 2L),
                        entry("gen_ai.request.seed", 42L),
                        entry("gen_ai.request.stop_sequences", List.of("END", "STOP")),
                        entry("gen_ai.request.reasoning.level", "high"),
                        entry("gen_ai.request.previous_response.id", "resp_0"),
                        entry("gen_ai.output.type", "json"),
                        entry("gen_ai.conversation.id", "conv_1"),
                        entry("server.address", "api.anthropic.com"),
                        entry("server.port", 443L),
                        entry("gen_ai.request.stream", true),
                        entry("gen_ai.response.id", "resp_1"),
                        entry("gen_ai.response.model", "claude-sonnet-4-5-20250929"),
                        entry("gen_ai.response.finish_reasons", List.of("stop", "length")),
                        entry("gen_ai.response.time_to_first_chunk", 0.25),
                        entry("gen_ai.usage.input_tokens", 100L),
                        entry("gen_ai.usage.output_tokens", 20L),
                        entry("gen_ai.usage.cache_read.input_tokens", 60L),
                        entry("gen_ai.usage.cache_write.input_tokens", 10L),
                        entry("gen_ai.usage.reasoning.output_tokens", 5L));
        assertThat(generation.spanName()).isEqualTo("chat claude-sonnet-4-5");
    }

    @Test
    void choiceCount_one_isNotWorthAnAttribute() {
        generation.choiceCount(1L);

        assertThat(attributes()).doesNotContainKey("gen_ai.request.choice.count");
    }

    @Test
    void stream_false_isLeftOut() {
        generation.stream(true).stream(false);

        assertThat(attributes()).doesNotContainKey("gen_ai.request.stream");
    }

    @Test
    void server_portWithoutAddressOrWithoutMeaning_isLeftOut() {
        generation.server(null, 443);
        assertThat(attributes()).doesNotContainKeys("server.address", "server.port");

        generation.server("localhost", 0);
        assertThat(attributes()).containsEntry("server.address", "localhost").doesNotContainKey("server.port");

        generation.server("localhost", -1);
        assertThat(attributes()).doesNotContainKey("server.port");
    }

    @Test
    void numbers_notFinite_areLeftOut() {
        generation.temperature(Double.NaN).topP(Double.POSITIVE_INFINITY).timeToFirstChunk(Double.NaN);

        assertThat(attributes()).hasSize(3);
    }

    @Test
    void request_setToNull_isUnsetAgain() {
        generation.temperature(0.5).maxTokens(5L).stopSequences(List.of("x")).model(null);
        generation.temperature(null).maxTokens(null).stopSequences(null);

        assertThat(attributes())
                .containsExactly(entry("gen_ai.operation.name", "chat"), entry("gen_ai.provider.name", "openai"));
    }

    @Test
    void lists_withNulls_keepTheOthersAndCopy() {
        List<String> stops = new ArrayList<>(Arrays.asList("a", null, "b"));
        generation.stopSequences(stops);
        stops.clear();

        assertThat(attributes()).containsEntry("gen_ai.request.stop_sequences", List.of("a", "b"));
    }

    // ---- what arrives in pieces ----------------------------------------------------------------------------------

    @Test
    void response_nullInALaterChunk_changesNothing() {
        generation
                .responseId("resp_1")
                .responseModel("m")
                .finishReason("stop")
                .usage(Usage.of(1, 2))
                .responseId(null)
                .responseModel(null)
                .finishReason(null)
                .finishReasons(null)
                .usage(null);

        assertThat(attributes())
                .containsEntry("gen_ai.response.id", "resp_1")
                .containsEntry("gen_ai.response.model", "m")
                .containsEntry("gen_ai.response.finish_reasons", List.of("stop"))
                .containsEntry("gen_ai.usage.output_tokens", 2L);
    }

    @Test
    void finishReasons_noneInALaterChunk_changesNothing() {
        // OpenAI's chunk with the usage has no choices, and its chunks before the last have choices without a reason.
        generation.finishReasons(List.of("stop")).finishReasons(List.of()).finishReasons(Arrays.asList((String) null));

        assertThat(attributes()).containsEntry("gen_ai.response.finish_reasons", List.of("stop"));
    }

    @Test
    void usage_twoNumbers_saysNothingOfCaches() {
        generation.usage(12, 34);

        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 12L)
                .containsEntry("gen_ai.usage.output_tokens", 34L)
                .hasSize(5);
        assertThat(generation.usage()).isEqualTo(Usage.of(12, 34));
    }

    @Test
    void cutOff_withoutAReason_saysError() {
        generation.cutOff();

        assertThat(attributes()).containsEntry("gen_ai.response.finish_reasons", List.of("error"));
    }

    @Test
    void cutOff_onlyEmptyReasonsSoFar_saysError() {
        generation.finishReasons(Arrays.asList((String) null)).cutOff();

        assertThat(attributes()).containsEntry("gen_ai.response.finish_reasons", List.of("error"));
    }

    @Test
    void cutOff_afterAReason_leavesIt() {
        generation.finishReason("stop").cutOff();

        assertThat(attributes()).containsEntry("gen_ai.response.finish_reasons", List.of("stop"));
    }

    // ---- content -------------------------------------------------------------------------------------------------

    @Test
    void content_off_neverAsksAndKeepsNothing() {
        AtomicInteger asked = new AtomicInteger();
        generation
                .input(() -> {
                    asked.incrementAndGet();
                    return List.of(Message.user("secret"));
                })
                .output(() -> {
                    asked.incrementAndGet();
                    return List.of(Message.assistant("secret"));
                })
                .append("secret");
        generation.end();

        assertThat(asked).hasValue(0);
        assertThat(generation.capturesContent()).isFalse();
        assertThat(attributes()).hasSize(3);
        assertThat(generation.estimatedBytes()).isLessThan(1_000);
    }

    @Test
    void content_on_isTheJsonOfTheConventions() {
        generation
                .captureContent(true)
                .input(() -> List.of(Message.system("Be \"brief\".\n"), Message.user("Grüße 😀"), Message.user("")))
                .output(() -> List.of(new Message("assistant", List.of(new Message.Part.Text("Hi")), "stop")));
        generation.end();

        assertThat(json("gen_ai.input.messages")).isEqualTo(JSON.readTree("""
                        [{"role":"system","parts":[{"type":"text","content":"Be \\"brief\\".\\n"}]},
                         {"role":"user","parts":[{"type":"text","content":"Grüße 😀"}]},
                         {"role":"user","parts":[{"type":"text","content":""}]}]
                        """));
        assertThat(json("gen_ai.output.messages")).isEqualTo(JSON.readTree("""
                        [{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]
                        """));
        assertThat(attributes().keySet())
                .as("content comes last")
                .endsWith("gen_ai.input.messages", "gen_ai.output.messages");
    }

    @Test
    void content_turnedOffAgain_doesNotLeave_alsoWhatWasGivenBefore() {
        generation.captureContent(true).input(() -> List.of(Message.user("kept")));
        assertThat(generation.capturesContent()).isTrue();
        generation.captureContent(false).output(() -> List.of(Message.assistant("not kept")));

        assertThat(attributes()).doesNotContainKeys("gen_ai.input.messages", "gen_ai.output.messages");
    }

    @Test
    void content_noMessages_isAnEmptyListOrNothing() {
        generation.captureContent(true).input(List::of).output(() -> null);

        assertThat(attributes())
                .containsEntry("gen_ai.input.messages", "[]")
                .doesNotContainKey("gen_ai.output.messages");
    }

    @Test
    void content_nullAmongMessages_isLeftOut() {
        generation.captureContent(true).input(() -> Arrays.asList(null, Message.user("x")));

        assertThat(json("gen_ai.input.messages").size()).isEqualTo(1);
    }

    @Test
    void content_supplierThatThrows_isTheCallers() {
        generation.captureContent(true);

        assertThatThrownBy(() -> generation.input(() -> {
                    throw new IllegalStateException("no messages");
                }))
                .hasMessage("no messages");
    }

    @Test
    void append_pieces_becomeOneMessageWithTheReason() {
        generation
                .captureContent(true)
                .append("Hel")
                .append(null)
                .append(new StringBuilder("lo"))
                .append("");
        generation.finishReason("length");
        generation.end();

        assertThat(json("gen_ai.output.messages")).isEqualTo(JSON.readTree("""
                        [{"role":"assistant","parts":[{"type":"text","content":"Hello"}],"finish_reason":"length"}]
                        """));
    }

    @Test
    void append_withoutAReason_leavesItOut() {
        generation.captureContent(true).append("Hello");
        generation.end();

        assertThat(json("gen_ai.output.messages").get(0).has("finish_reason")).isFalse();
    }

    @Test
    void append_besidesAnOutput_theOutputCounts() {
        generation.captureContent(true).append("pieces").output(() -> List.of(Message.assistant("whole")));
        generation.end();

        assertThat(json("gen_ai.output.messages")
                        .get(0)
                        .get("parts")
                        .get(0)
                        .get("content")
                        .asString())
                .isEqualTo("whole");
    }

    @Test
    void append_oneHugePiece_isExportedInPartAndCounted() {
        generation.captureContent(true).append("x".repeat(20 * MEBI));
        assertThat(generation.estimatedBytes()).isBetween(2 * MEBI, 2 * MEBI + 2_000);
        generation.end();

        assertThat(generation.estimatedBytes()).isBetween(2 * MEBI, 2 * MEBI + 2_000);
        AttributeRecorder recorder = new AttributeRecorder();
        generation.forEachAttribute(recorder);
        assertThat((String) recorder.recorded().get("gen_ai.output.messages"))
                .hasSizeBetween(256 * 1024 - 20, 256 * 1024);
        assertThat(recorder.truncated()).isEqualTo(1);
    }

    @Test
    void append_choicesReasoningAndToolCalls_becomeTheirMessages() {
        generation
                .captureContent(true)
                .appendReasoning("Hm")
                .append(1, "Other")
                .appendReasoning("m.")
                .append("It ")
                .append("is")
                .appendToolCall(0, "call_1", "get_weather", null)
                .appendToolCall(0, null, null, "{\"city\":")
                .appendToolCall(1, 0, "call_2", "get_time", "{}")
                .appendToolCall(0, null, null, "\"Paris\"}")
                .appendReasoning(1, "Why")
                .finishReasons(List.of("tool_call", "stop"));
        generation.end();

        assertThat(json("gen_ai.output.messages")).isEqualTo(JSON.readTree("""
                        [{"role":"assistant","finish_reason":"tool_call","parts":[
                            {"type":"reasoning","content":"Hmm."},
                            {"type":"text","content":"It is"},
                            {"type":"tool_call","id":"call_1","name":"get_weather","arguments":{"city":"Paris"}}]},
                         {"role":"assistant","finish_reason":"stop","parts":[
                            {"type":"text","content":"Other"},
                            {"type":"tool_call","id":"call_2","name":"get_time","arguments":{}},
                            {"type":"reasoning","content":"Why"}]}]
                        """));
    }

    @Test
    void append_onlyEmptyPieces_isNoMessage() {
        generation.captureContent(true).append("").appendReasoning(null);
        generation.end();

        assertThat(attributes()).doesNotContainKey("gen_ai.output.messages");
    }

    @Test
    void instructionsAndTools_areTheJsonOfTheConventions() {
        generation
                .captureContent(true)
                .systemInstructions(() -> Arrays.asList(new Message.Part.Text("Be brief."), null))
                .toolDefinitions(() -> List.of(
                        ToolDefinition.function("ping"),
                        ToolDefinition.function("get_weather", "By city", "{\"type\": \"object\"}")));

        assertThat(json("gen_ai.system_instructions"))
                .isEqualTo(JSON.readTree("[{\"type\":\"text\",\"content\":\"Be brief.\"}]"));
        assertThat(json("gen_ai.tool.definitions")).isEqualTo(JSON.readTree("""
                        [{"type":"function","name":"ping"},
                         {"type":"function","name":"get_weather","description":"By city","parameters":{"type":"object"}}]
                        """));
    }

    @Test
    void outputJson_value_isATextPartWithItsJsonAndSaysWhatWasAskedFor() {
        generation.captureContent(true).outputJson(() -> Map.of("answer", 42));
        generation.end();

        assertThat(attributes()).containsEntry("gen_ai.output.type", "json");
        assertThat(json("gen_ai.output.messages")).isEqualTo(JSON.readTree("""
                        [{"role":"assistant","parts":[{"type":"text","content":"{\\"answer\\":42}"}]}]
                        """));
    }

    @Test
    void outputJson_textNullOrAnotherType_staysWhatItIs() {
        generation.captureContent(true).outputType("image").outputJson(() -> "{\"a\": 1}");
        assertThat(attributes()).containsEntry("gen_ai.output.type", "image");
        assertThat(appended()).isEqualTo("{\"a\": 1}");

        generation.outputJson(() -> null);
        assertThat(appended()).isEqualTo("{\"a\": 1}");
    }

    @Test
    void append_surrogatePairAcrossPieces_isKept() {
        generation.captureContent(true).append("\uD83D").append("\uDE00");
        generation.end();

        assertThat(appended()).isEqualTo("😀");
    }

    private String appended() {
        return json("gen_ai.output.messages")
                .get(0)
                .get("parts")
                .get(0)
                .get("content")
                .asString();
    }

    @Test
    void estimatedBytes_countsEveryKindOfContent() {
        int without = generation.estimatedBytes();
        String text = "x".repeat(10_000);
        generation
                .captureContent(true)
                .systemInstructions(() -> List.of(new Message.Part.Reasoning(text)))
                .toolDefinitions(() -> List.of(ToolDefinition.function("f", text, Map.of("type", text))))
                .input(() -> List.of(Message.of(
                        "user",
                        new Message.Part.Json(List.of(text)),
                        new Message.Part.ToolCall("1", "f", Map.of("a", List.of(text, text))),
                        new Message.Part.ServerToolCall("1", "f", new Message.Part.Generic("t", Map.of("a", text))),
                        new Message.Part.ServerToolCallResponse("1", new Message.Part.Generic("t", Map.of("a", text))),
                        Message.Part.Blob.of("image", null, new byte[20_000]),
                        new Message.Part.File("image", null, text),
                        new Message.Part.Uri("image", null, text),
                        new Message.Part.Compaction(null, text),
                        new Message.Part.Generic("t", Map.of("a", text)))));

        assertThat(generation.estimatedBytes() - without).isBetween(260_000, 264_000);
    }

    @Test
    void estimatedBytes_hostileValues_isAGuessAndQuick() {
        Map<String, Object> cycle = new HashMap<>();
        cycle.put("self", cycle);
        List<String> many = Collections.nCopies(1_000_000, "0123456789");
        List<Object> throwing = new AbstractList<>() {
            @Override
            public Object get(int index) {
                throw new IllegalStateException("not now");
            }

            @Override
            public int size() {
                return 1;
            }
        };
        generation.captureContent(true).input(() -> List.of(Message.toolResponse("1", cycle)));
        assertThat(generation.estimatedBytes()).isBetween(1_000, 5_000);

        generation.input(() -> List.of(Message.toolResponse("1", throwing)));
        assertThat(generation.estimatedBytes()).isBetween(1_000, 2_000);

        generation.input(() -> List.of(Message.toolResponse("1", many)));
        assertThat(generation.estimatedBytes()).isBetween(60_000_000, 100_000_000);
    }

    @Test
    void estimatedBytes_countsContent() {
        int without = generation.estimatedBytes();
        generation
                .captureContent(true)
                .input(() -> List.of(
                        Message.user("x".repeat(10_000)),
                        Message.toolResponse("call_1", "y".repeat(10_000)),
                        new Message(
                                "assistant",
                                List.of(new Message.Part.ToolCall("call_1", "search", "z".repeat(10_000))),
                                null)));

        assertThat(generation.estimatedBytes() - without).isBetween(60_000, 62_000);
    }

    @Test
    void toString_isWhatWasAskedOfWhom() {
        generation
                .captureContent(true)
                .input(() -> List.of(Message.user("secret")))
                .finishReason("stop");

        assertThat(generation).hasToString("Generation{chat gpt-4o-mini, provider=openai, finishReasons=[stop]}");
    }

    @Test
    void audio_hasTheConventionsNames() {
        generation.usage(Usage.of(9, 8).withAudio(7L, 6L));

        assertThat(attributes())
                .containsEntry("gen_ai.usage.audio.input_tokens", 7L)
                .containsEntry("gen_ai.usage.audio.output_tokens", 6L);
    }

    @Test
    void serviceTier_hasOpenAisNameAtOpenAiOnly() {
        assertThat(AttributeRecorder.of(Generation.chat("openai", "m").serviceTier("flex")))
                .containsEntry("openai.response.service_tier", "flex")
                .doesNotContainKey("spanflux.service_tier");
        assertThat(AttributeRecorder.of(Generation.chat("anthropic", "m").serviceTier("batch")))
                .containsEntry("spanflux.service_tier", "batch")
                .doesNotContainKey("openai.response.service_tier");
    }

    @Test
    void cost_reported_isExportedAndNobodyIsAsked() {
        generation
                .costCalculator(
                        call -> {
                            throw new AssertionError("asked");
                        },
                        1)
                .cost(new BigDecimal("0.0123"), "EUR")
                .cost(null, null)
                .cost(new BigDecimal("-1"), "USD")
                .cost(BigDecimal.ONE, " ");
        generation.end();

        assertThat(costs())
                .containsExactly(
                        entry("spanflux.cost.total", 0.0123),
                        entry("spanflux.cost.currency", "EUR"),
                        entry("spanflux.cost.source", "provider"));
        assertThat(generation.cost()).isEqualTo(Cost.reported(new BigDecimal("0.0123"), "EUR"));
    }

    @Test
    void cost_calculated_isAskedForOnceAndOnlyAfterTheEnd() {
        List<ModelCall> asked = new ArrayList<>();
        generation.usage(1, 2).responseModel("gpt-4o-mini-2024-07-18").serviceTier("flex");
        generation.costCalculator(
                call -> {
                    asked.add(call);
                    return Cost.of(
                            new Cost.Parts(
                                    new BigDecimal("0.1"),
                                    new BigDecimal("0.2"),
                                    BigDecimal.ZERO,
                                    BigDecimal.ZERO,
                                    BigDecimal.ZERO,
                                    BigDecimal.ZERO,
                                    BigDecimal.ZERO),
                            "USD");
                },
                42);
        assertThat(costs()).isEmpty();
        generation.end();

        // Not 0.30000000000000004, as doubles would have it.
        assertThat(costs())
                .containsExactly(
                        entry("spanflux.cost.total", 0.3),
                        entry("spanflux.cost.input", 0.1),
                        entry("spanflux.cost.cache_read", 0.2),
                        entry("spanflux.cost.output", 0.0),
                        entry("spanflux.cost.currency", "USD"),
                        entry("spanflux.cost.source", "local"))
                .isEqualTo(costs());
        assertThat(asked)
                .containsExactly(
                        new ModelCall("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "flex", Usage.of(1, 2), 42));
    }

    @Test
    void cost_unknown_isNoAttribute() {
        generation.usage(1, 2).costCalculator(call -> null, 1);
        generation.end();

        assertThat(costs()).isEmpty();
    }

    private static Cost input(String amount) {
        BigDecimal zero = BigDecimal.ZERO;
        return Cost.of(new Cost.Parts(new BigDecimal(amount), zero, zero, zero, zero, zero, zero), "USD");
    }

    @Test
    void innerCalls_addUpWithTheLastThatEachSaid_alsoWhileTheyRun() {
        InnerCall first = generation.innerCall();
        InnerCall second = generation.innerCall();
        assertThat(generation.usage()).isNull();
        first.usage(Usage.of(100, 1));
        second.usage(Usage.of(5, 2)).usage(null);
        first.usage(Usage.of(100, 7).withReasoning(3L));
        generation.innerCall();
        assertThat(generation.usage()).isEqualTo(Usage.of(105, 9).withReasoning(3L));
        generation.end();
        first.usage(Usage.of(1000, 1000));

        assertThat(generation.usage()).isEqualTo(Usage.of(105, 9).withReasoning(3L));
        assertThat(attributes())
                .containsEntry("gen_ai.usage.input_tokens", 105L)
                .containsEntry("gen_ai.usage.output_tokens", 9L);
        assertThat(generation.metadata("gen_ai.usage.input_tokens")).isEqualTo(105L);
    }

    @Test
    void innerCalls_areEachPricedAsWhatAnsweredThem() {
        List<ModelCall> asked = new ArrayList<>();
        generation
                .responseModel("gpt-4o-mini-x")
                .serviceTier("flex")
                .costCalculator(
                        call -> {
                            asked.add(call);
                            return input("0." + asked.size());
                        },
                        42);
        generation.innerCall().usage(Usage.of(1, 1));
        generation
                .innerCall()
                .requestModel("my-deployment")
                .responseModel("large-1")
                .usage(Usage.of(2, 2));
        generation
                .innerCall()
                .requestModel("large")
                .responseModel("large-1")
                .serviceTier("batch")
                .usage(Usage.of(3, 3));
        generation.innerCall().responseModel("refused");
        generation.end();

        assertThat(generation.cost()).isEqualTo(input("0.6"));
        assertThat(asked)
                .containsExactly(
                        new ModelCall("openai", "large", "large-1", "batch", Usage.of(3, 3), 42),
                        new ModelCall("openai", "gpt-4o-mini", "large-1", "flex", Usage.of(2, 2), 42),
                        new ModelCall("openai", "gpt-4o-mini", "gpt-4o-mini-x", "flex", Usage.of(1, 1), 42));
    }

    @Test
    void innerCalls_ofWhichOneHasNoKnownCost_haveNone() {
        generation.costCalculator(call -> call.usage().inputTokens() == 1 ? null : input("1"), 42);
        generation.innerCall().usage(Usage.of(2, 2));
        generation.innerCall().usage(Usage.of(1, 1));
        generation.innerCall().usage(Usage.of(2, 2));
        generation.end();

        assertThat(generation.cost()).isNull();
        assertThat(generation.usage()).isEqualTo(Usage.of(5, 5));
    }

    @Test
    void innerCalls_doNotCountWhereTheApplicationSaysWhatAllTook() {
        List<ModelCall> asked = new ArrayList<>();
        generation.costCalculator(
                call -> {
                    asked.add(call);
                    return input("1");
                },
                42);
        generation.innerCall().usage(Usage.of(2, 2));
        generation.usage(7, 8);
        generation.innerCall().responseModel("other").usage(Usage.of(3, 3));
        generation.end();

        assertThat(generation.usage()).isEqualTo(Usage.of(7, 8));
        assertThat(generation.cost()).isEqualTo(input("1"));
        assertThat(asked).containsExactly(new ModelCall("openai", "gpt-4o-mini", null, null, Usage.of(7, 8), 42));
    }

    @Test
    void innerCalls_beyondTheBound_areNotThere() {
        for (int i = 0; i < BilledData.MAX_INNER_CALLS; i++) {
            generation.innerCall().usage(Usage.of(1, 0));
        }
        assertThat(generation.innerCall()).isNull();
        assertThat(generation.estimatedBytes()).isGreaterThan(BilledData.MAX_INNER_CALLS * 32);
        generation.end();

        assertThat(generation.usage()).isEqualTo(Usage.of(BilledData.MAX_INNER_CALLS, 0));
    }

    @Test
    void innerCalls_ofManyThreads_areAllThere() {
        Race.of(4).run(500, round -> {
            Generation raced = Generation.chat("openai", "gpt-4o-mini");
            return Race.round(
                    thread -> raced.innerCall().usage(Usage.of(1, 2)),
                    () -> assertThat(raced.usage()).isEqualTo(Usage.of(4, 8)));
        });
    }

    @Test
    void cost_withoutUsage_isNotAskedFor() {
        generation.costCalculator(
                call -> {
                    throw new AssertionError("asked");
                },
                1);
        generation.end();

        assertThat(generation.cost()).isNull();
    }

    @Test
    void cost_experimentalNames_standBesideOurs() {
        generation
                .cost(new BigDecimal("0.5"), "USD")
                .costCalculator(
                        new CostCalculator() {
                            @Override
                            public Cost cost(ModelCall call) {
                                throw new AssertionError("asked");
                            }

                            @Override
                            public boolean usesExperimentalNames() {
                                return true;
                            }
                        },
                        1);
        generation.end();

        assertThat(costs())
                .containsExactly(
                        entry("spanflux.cost.total", 0.5),
                        entry("spanflux.cost.currency", "USD"),
                        entry("spanflux.cost.source", "provider"),
                        entry("gen_ai.usage.cost.amount", 0.5),
                        entry("gen_ai.usage.cost.currency", "USD"),
                        entry("gen_ai.usage.cost.source", "provider"));
    }

    @Test
    void cost_calculatorThatThrows_costsNoOtherAttribute() {
        generation
                .usage(1, 2)
                .costCalculator(
                        call -> {
                            throw new IllegalStateException("no");
                        },
                        1);
        generation.end();
        AttributeRecorder recorder = new AttributeRecorder();

        assertThatThrownBy(() -> generation.forEachAttribute(recorder)).hasMessage("no");

        assertThat(recorder.recorded()).containsEntry("gen_ai.usage.output_tokens", 2L);
    }

    private Map<String, Object> costs() {
        Map<String, Object> costs = new LinkedHashMap<>(attributes());
        costs.keySet().removeIf(key -> !key.contains("cost"));
        return costs;
    }
}
