// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.bench;

import io.opentelemetry.api.common.AttributeKey;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanKind;
import io.spanflux.trace.Tracer;
import java.util.List;
import java.util.Random;

/**
 * The same span in each library: a chat of a model with 25 attributes, one of which may be a message. Each as its
 * documentation recommends: OpenTelemetry's keys are constants, Brave's values are texts.
 */
public final class GenAiSpans {
    private static final String NAME = "chat gpt-4o-mini";
    private static final List<String> FINISH_REASONS = List.of("stop");

    private static final String[] TEXT_KEYS = {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.response.id",
        "gen_ai.conversation.id",
        "gen_ai.output.type",
        "gen_ai.agent.name",
        "gen_ai.agent.id",
        "server.address",
        "user.id",
        "gen_ai.input.messages"
    };
    private static final String[] TEXTS = {
        "chat",
        "openai",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "",
        "conv_5j66UpCpwteGg4YSxUnt7lPY",
        "text",
        "support",
        "asst_5j66UpCpwteGg4YSxUnt7lPY",
        "api.openai.com",
        "user-4711"
    };
    private static final String[] LONG_KEYS = {
        "gen_ai.request.max_tokens",
        "gen_ai.request.seed",
        "gen_ai.request.choice.count",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "server.port"
    };
    private static final long[] LONGS = {4096, 20261121, 1, 1873, 412, 1024, 443};
    private static final String[] DOUBLE_KEYS = {
        "gen_ai.request.temperature",
        "gen_ai.request.top_p",
        "gen_ai.request.frequency_penalty",
        "gen_ai.request.presence_penalty"
    };
    private static final double[] DOUBLES = {0.2, 0.95, 0.5, -0.5};
    private static final String STREAM_KEY = "gen_ai.request.stream";
    private static final String REASONS_KEY = "gen_ai.response.finish_reasons";

    @SuppressWarnings({"unchecked", "rawtypes"}) // There are no arrays of a parameterized type.
    private static final AttributeKey<String>[] OTEL_TEXTS = new AttributeKey[TEXT_KEYS.length];

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static final AttributeKey<Long>[] OTEL_LONGS = new AttributeKey[LONG_KEYS.length];

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static final AttributeKey<Double>[] OTEL_DOUBLES = new AttributeKey[DOUBLE_KEYS.length];

    private static final AttributeKey<Boolean> OTEL_STREAM = AttributeKey.booleanKey(STREAM_KEY);
    private static final AttributeKey<List<String>> OTEL_REASONS = AttributeKey.stringArrayKey(REASONS_KEY);

    static {
        for (int i = 0; i < TEXT_KEYS.length; i++) {
            OTEL_TEXTS[i] = AttributeKey.stringKey(TEXT_KEYS[i]);
        }
        for (int i = 0; i < LONG_KEYS.length; i++) {
            OTEL_LONGS[i] = AttributeKey.longKey(LONG_KEYS[i]);
        }
        for (int i = 0; i < DOUBLE_KEYS.length; i++) {
            OTEL_DOUBLES[i] = AttributeKey.doubleKey(DOUBLE_KEYS[i]);
        }
    }

    /** So many that a compressor has forgotten a message when it comes again: its window is 32 KiB. */
    private static final int VARIANTS = 64;

    private static final int RESPONSE_ID = 4;
    private static final int MESSAGE = 11;

    private static final String[] WORDS = ("the customer asks when order will be there and whether we can send it to "
                    + "another address because she moved last week please check status of delivery tell her what "
                    + "happened warehouse says that parcel left on monday but carrier has no record refund or resend")
            .split(" ");

    private final String[] responseIds = new String[VARIANTS];
    private final String[] messages = new String[VARIANTS];
    private int spans;

    /** Spans with a message of about this many bytes; with a short text instead where it is 0. Not thread-safe. */
    public GenAiSpans(int messageBytes) {
        Random random = new Random(20261121);
        for (int i = 0; i < VARIANTS; i++) {
            responseIds[i] = "chatcmpl-" + Long.toString(random.nextLong() >>> 1, 36)
                    + Long.toString(random.nextLong() >>> 1, 36);
            messages[i] = messageBytes == 0 ? "none" : message(messageBytes, random);
        }
    }

    /** JSON of one message in English with line breaks, one or two in a hundred characters to escape. */
    private static String message(int bytes, Random random) {
        StringBuilder text = new StringBuilder("[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"");
        while (text.length() < bytes) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(12) == 0 ? "\\n" : " ");
        }
        return text.append("\"}]}]").toString();
    }

    private String text(int i) {
        return switch (i) {
            case RESPONSE_ID -> responseIds[spans % VARIANTS];
            case MESSAGE -> messages[spans++ % VARIANTS];
            default -> TEXTS[i];
        };
    }

    /** Started, described and not ended. */
    public Span start(Tracer tracer) {
        Span span = tracer.span(NAME).kind(SpanKind.CLIENT).start();
        for (int i = 0; i < TEXT_KEYS.length; i++) {
            span.attribute(TEXT_KEYS[i], text(i));
        }
        for (int i = 0; i < LONG_KEYS.length; i++) {
            span.attribute(LONG_KEYS[i], LONGS[i]);
        }
        for (int i = 0; i < DOUBLE_KEYS.length; i++) {
            span.attribute(DOUBLE_KEYS[i], DOUBLES[i]);
        }
        return span.attribute(STREAM_KEY, true).attribute(REASONS_KEY, FINISH_REASONS);
    }

    /** Started, described and not ended. */
    public io.opentelemetry.api.trace.Span start(io.opentelemetry.api.trace.Tracer tracer) {
        io.opentelemetry.api.trace.Span span = tracer.spanBuilder(NAME)
                .setSpanKind(io.opentelemetry.api.trace.SpanKind.CLIENT)
                .startSpan();
        for (int i = 0; i < OTEL_TEXTS.length; i++) {
            span.setAttribute(OTEL_TEXTS[i], text(i));
        }
        for (int i = 0; i < OTEL_LONGS.length; i++) {
            span.setAttribute(OTEL_LONGS[i], LONGS[i]);
        }
        for (int i = 0; i < OTEL_DOUBLES.length; i++) {
            span.setAttribute(OTEL_DOUBLES[i], DOUBLES[i]);
        }
        return span.setAttribute(OTEL_STREAM, true).setAttribute(OTEL_REASONS, FINISH_REASONS);
    }

    /** Started, described and not ended. */
    public brave.Span start(brave.Tracer tracer) {
        brave.Span span =
                tracer.newTrace().name(NAME).kind(brave.Span.Kind.CLIENT).start();
        for (int i = 0; i < TEXT_KEYS.length; i++) {
            span.tag(TEXT_KEYS[i], text(i));
        }
        for (int i = 0; i < LONG_KEYS.length; i++) {
            span.tag(LONG_KEYS[i], Long.toString(LONGS[i]));
        }
        for (int i = 0; i < DOUBLE_KEYS.length; i++) {
            span.tag(DOUBLE_KEYS[i], Double.toString(DOUBLES[i]));
        }
        return span.tag(STREAM_KEY, "true").tag(REASONS_KEY, FINISH_REASONS.get(0));
    }
}
