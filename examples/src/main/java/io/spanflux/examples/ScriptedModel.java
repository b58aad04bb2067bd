// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model that is easy to foresee: it asks for the first tool it is offered, once for each four-digit number that the user
 * mentions, one at a time, and then says in a sentence what it was told. A token is a word with the blank before it.
 */
final class ScriptedModel {
    private static final Pattern ORDER = Pattern.compile("\\b[0-9]{4}\\b");
    private static final Pattern WORD = Pattern.compile("\\s*\\S+");
    private static final JsonMapper JSON = new JsonMapper();

    private ScriptedModel() {}

    /**
     * What the model says.
     *
     * @param text tokens of text, empty where a tool is asked for
     * @param toolName the tool, null for text
     * @param toolArguments tokens of the tool's arguments
     * @param promptTokens how many tokens were read
     * @param cachedTokens how many of these had been read in the request before
     */
    record Answer(
            List<String> text,
            @Nullable String toolName,
            List<String> toolArguments,
            long promptTokens,
            long cachedTokens) {
        String finishReason() {
            return toolName == null ? "stop" : "tool_calls";
        }

        long completionTokens() {
            return (long) text.size() + toolArguments.size() + (toolName == null ? 0 : 1);
        }
    }

    /** Answers the body of a request. */
    static Answer answer(JsonNode request) {
        List<String> orders = new ArrayList<>();
        List<JsonNode> results = new ArrayList<>();
        long promptTokens = 0;
        long lastTurn = 0;
        for (JsonNode message : request.path("messages")) {
            String role = message.path("role").asString("");
            int tokens = tokens(message.path("content").asString("")).size()
                    + tokens(message.path("tool_calls").toString()).size();
            promptTokens += tokens;
            lastTurn = role.equals("assistant") ? tokens : lastTurn + tokens;
            if (role.equals("user")) {
                Matcher number = ORDER.matcher(message.path("content").asString(""));
                while (number.find()) {
                    orders.add(number.group());
                }
            } else if (role.equals("tool")) {
                results.add(message);
            }
        }
        long cached = results.isEmpty() ? 0 : promptTokens - lastTurn;
        String tool =
                request.path("tools").path(0).path("function").path("name").asString("");
        if (!tool.isEmpty() && results.size() < orders.size()) {
            String arguments = "{\"order_id\": \"" + orders.get(results.size()) + "\"}";
            return new Answer(List.of(), tool, tokens(arguments), promptTokens, cached);
        }
        return new Answer(tokens(text(orders, results)), null, List.of(), promptTokens, cached);
    }

    private static String text(List<String> orders, List<JsonNode> results) {
        if (results.isEmpty()) {
            return orders.isEmpty() ? "How can I help you?" : "Question about order " + orders.get(0);
        }
        StringBuilder text = new StringBuilder("Thank you for asking.");
        for (JsonNode result : results) {
            text.append(sentence(result.path("content").asString("")));
        }
        return text.append(" Is there anything else that I can do for you?").toString();
    }

    private static String sentence(String result) {
        try {
            JsonNode order = JSON.readTree(result);
            if (order.has("order_id") && order.has("status")) {
                return " Order " + order.path("order_id").asString("") + " is "
                        + order.path("status").asString("") + '.';
            }
        } catch (JacksonException e) {
            // A tool may answer whatever it likes.
        }
        return " One of your orders cannot be found.";
    }

    private static List<String> tokens(String text) {
        return WORD.matcher(text).results().map(word -> word.group()).toList();
    }
}
