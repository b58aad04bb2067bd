// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.tracentic;

import io.spanflux.config.SdkVersion;
import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.encode.PythonNumbers;
import io.spanflux.encode.SpanEncoder;
import io.spanflux.genai.BilledData;
import io.spanflux.genai.Cost;
import io.spanflux.genai.Embeddings;
import io.spanflux.genai.GenAiData;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Scope;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanStatus;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.JsonRecyclerPools;

import static io.spanflux.genai.GenAiAttributes.*;

/**
 * Spans in Tracentic's form: shaped like OTLP, but ids in base64, calls of models named {@code llm.*} and described by
 * {@code llm.*} attributes, scopes by {@code tracentic.scope.*}.
 *
 * <p>Threads: as {@link SpanEncoder} says. What a limit takes is counted once a span, however often its batch is tried or
 * split; for that the spans of the last batch that lost something are remembered until the next one.
 */
final class TracenticEncoder implements SpanEncoder {
    private static final Logger log = LoggerFactory.getLogger(TracenticEncoder.class);

    private static final SerializedString RESOURCE_SPANS = new SerializedString("resourceSpans");
    private static final SerializedString TRACE_ID = new SerializedString("traceId");
    private static final SerializedString SPAN_ID = new SerializedString("spanId");
    private static final SerializedString PARENT_SPAN_ID = new SerializedString("parentSpanId");
    private static final SerializedString NAME = new SerializedString("name");
    private static final SerializedString KIND = new SerializedString("kind");
    private static final SerializedString START = new SerializedString("startTimeUnixNano");
    private static final SerializedString END = new SerializedString("endTimeUnixNano");
    private static final SerializedString RESOURCE = new SerializedString("resource");
    private static final SerializedString ATTRIBUTES = new SerializedString("attributes");
    private static final SerializedString SCOPE_SPANS = new SerializedString("scopeSpans");
    private static final SerializedString SCOPE = new SerializedString("scope");
    private static final SerializedString VERSION = new SerializedString("version");
    private static final SerializedString SPANS = new SerializedString("spans");
    private static final SerializedString STATUS = new SerializedString("status");
    private static final SerializedString CODE = new SerializedString("code");
    private static final SerializedString MESSAGE = new SerializedString("message");
    private static final SerializedString KEY = new SerializedString("key");
    private static final SerializedString VALUE = new SerializedString("value");
    private static final SerializedString INT = new SerializedString("intValue");
    private static final SerializedString DOUBLE = new SerializedString("doubleValue");
    private static final SerializedString BOOL = new SerializedString("boolValue");
    private static final SerializedString STRING = new SerializedString("stringValue");

    private static final String UNKNOWN_SERVICE = "unknown-service";
    private static final String PRODUCTION = "production";

    /** Operations of the conventions that are no call of a model, whoever writes them. */
    private static final Set<String> NO_CALLS = Set.of(
            "invoke_agent",
            "create_agent",
            "execute_tool",
            "invoke_workflow",
            "plan",
            "retrieval",
            "fetch_response",
            "handoff");

    private static final List<String> COST_KEYS = List.of(
            COST_TOTAL,
            COST_INPUT,
            COST_CACHE_READ,
            COST_CACHE_WRITE,
            COST_AUDIO_INPUT,
            COST_OUTPUT,
            COST_REASONING,
            COST_AUDIO_OUTPUT,
            COST_CURRENCY,
            COST_SOURCE,
            USAGE_COST_AMOUNT,
            USAGE_COST_CURRENCY,
            USAGE_COST_SOURCE);

    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSSSSS", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final JsonFactory json = JsonFactory.builder()
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            // Jackson's other pool is bound to threads.
            .recyclerPool(JsonRecyclerPools.newBoundedPool(8))
            .build();

    private final @Nullable String serviceName;
    private final @Nullable String deploymentEnvironment;
    private final Attributes globals;
    private final TracenticLimits limits;
    private final LongAdder dropped = new LongAdder();
    private final LongAdder cut = new LongAdder();
    private volatile @Nullable List<Span> batch;
    private final Set<Span> counted = ConcurrentHashMap.newKeySet();
    private final RepeatedWarning losses = new RepeatedWarning(log);

    /** Name and environment come from the resource where they are null. */
    TracenticEncoder(
            @Nullable String serviceName,
            @Nullable String deploymentEnvironment,
            Attributes globals,
            TracenticLimits limits) {
        this.serviceName = serviceName;
        this.deploymentEnvironment = deploymentEnvironment;
        this.globals = globals;
        this.limits = limits;
    }

    Attributes globals() {
        return globals;
    }

    long dropped() {
        return dropped.sum();
    }

    long cut() {
        return cut.sum();
    }

    /** What is encoded from now on is of {@code spans}, which may be the same list again. */
    @SuppressWarnings("ReferenceEquality") // The pipeline hands over the same list again, not an equal one.
    void beginBatch(List<Span> spans) {
        if (batch != spans) {
            batch = spans;
            counted.clear();
        }
    }

    @Override
    public String contentType() {
        return "application/json";
    }

    @Override
    public Encoding begin(OutputStream out) {
        return new Body(json.createGenerator(ObjectWriteContext.empty(), out));
    }

    @Override
    public String toString() {
        return "TracenticEncoder{" + limits + '}';
    }

    /** Spans of one resource follow one another in a batch; where the resource changes, a new envelope begins. */
    private final class Body implements Encoding {
        private final JsonGenerator generator;
        private final TracenticAttributes attributes = new TracenticAttributes(json, limits);
        private @Nullable Resource resource;

        Body(JsonGenerator generator) {
            this.generator = generator;
            generator.writeStartObject();
            generator.writeName(RESOURCE_SPANS);
            generator.writeStartArray();
        }

        @Override
        public void write(Span span) {
            if (!span.resource().equals(resource)) {
                if (resource != null) {
                    endEnvelope();
                }
                resource = span.resource();
                beginEnvelope(resource.attributes());
            }
            long droppedBefore = attributes.dropped();
            long cutBefore = attributes.cut();
            attributes.beginSpan();
            Call call = Call.of(span);
            generator.writeStartObject();
            text(TRACE_ID, base64(span.traceIdHigh(), span.traceIdLow()));
            text(SPAN_ID, base64(span.spanIdBits()));
            if (span.parentSpanIdBits() != 0) {
                text(PARENT_SPAN_ID, base64(span.parentSpanIdBits()));
            }
            text(NAME, attributes.repaired(call.isModelCall ? call.spanName() : span.name()));
            generator.writeName(KIND);
            generator.writeNumber(span.kind().code());
            text(START, Long.toString(span.startEpochNanos()));
            text(END, Long.toString(span.endEpochNanos()));
            writeStatus(span);
            collect(span, call);
            count(span, attributes.dropped() - droppedBefore, attributes.cut() - cutBefore);
            writeAttributes(attributes.values());
            generator.writeEndObject();
        }

        private void beginEnvelope(Attributes of) {
            generator.writeStartObject();
            generator.writeName(RESOURCE);
            generator.writeStartObject();
            generator.writeName(ATTRIBUTES);
            generator.writeStartArray();
            writeAttribute("service.name", attributes.repaired(serviceName(of)));
            writeAttribute("service.version", attributes.repaired(textOr(of.get("service.version"), SdkVersion.get())));
            writeAttribute("deployment.environment", attributes.repaired(environment(of)));
            generator.writeEndArray();
            generator.writeEndObject();
            generator.writeName(SCOPE_SPANS);
            generator.writeStartArray();
            generator.writeStartObject();
            generator.writeName(SCOPE);
            generator.writeStartObject();
            text(NAME, "io.spanflux");
            text(VERSION, SdkVersion.get());
            generator.writeEndObject();
            generator.writeName(SPANS);
            generator.writeStartArray();
        }

        private void endEnvelope() {
            generator.writeEndArray();
            generator.writeEndObject();
            generator.writeEndArray();
            generator.writeEndObject();
        }

        private void writeStatus(Span span) {
            generator.writeName(STATUS);
            generator.writeStartObject();
            boolean failed = span.status() == SpanStatus.ERROR;
            generator.writeName(CODE);
            // Theirs know no third status.
            generator.writeNumber(failed ? 2 : 1);
            String description = span.statusDescription();
            if (failed && description != null) {
                text(MESSAGE, attributes.repaired(description));
            }
            generator.writeEndObject();
        }

        private void collect(Span span, Call call) {
            call.claimOn(attributes);
            boolean failed = span.status() == SpanStatus.ERROR;
            Cost cost = costInDollars(span);
            if (cost != null) {
                COST_KEYS.forEach(attributes::claim);
            }
            String errorType = failed && said(span, ERROR_TYPE) instanceof String type ? type : null;
            if (errorType != null) {
                attributes.claim(ERROR_TYPE);
            }
            attributes.dropped(span.forEachAttribute(attributes));
            attributes.inherit(globals);
            call.putOn(attributes);
            attributes.put("llm.duration_ms", durationMillis(span.startEpochNanos(), span.endEpochNanos()));
            putScope(TracenticScope.nearest(span.scope()));
            if (errorType != null) {
                attributes.put("llm.error.type", simpleName(errorType));
            }
            if (cost != null && !failed) {
                attributes.put("llm.cost.total_usd", dollars(cost, call.inputTokens, call.outputTokens));
            }
            attributes.putMarks();
        }

        private void putScope(@Nullable Scope scope) {
            if (scope == null) {
                return;
            }
            attributes.put("tracentic.scope.id", scope.id());
            attributes.put("tracentic.scope.name", scope.name());
            Instant enteredAt = scope.enteredAt();
            if (enteredAt != null) {
                attributes.put("tracentic.scope.started_at", isoFormat(enteredAt));
            }
            Scope parent = TracenticScope.nearest(scope.parent());
            if (parent != null) {
                attributes.put("tracentic.scope.parent_id", parent.id());
            }
            attributes.put(TracenticScope.CORRELATION_ID, scope.attributes().get(TracenticScope.CORRELATION_ID));
        }

        private void writeAttributes(Map<String, Object> values) {
            if (values.isEmpty()) {
                return;
            }
            generator.writeName(ATTRIBUTES);
            generator.writeStartArray();
            values.forEach(this::writeAttribute);
            generator.writeEndArray();
        }

        private void writeAttribute(String key, Object value) {
            generator.writeStartObject();
            text(KEY, key);
            generator.writeName(VALUE);
            generator.writeStartObject();
            if (value instanceof Long number) {
                text(INT, number.toString());
            } else if (value instanceof Double number) {
                generator.writeName(DOUBLE);
                generator.writeNumber(PythonNumbers.text(number));
            } else if (value instanceof Boolean truth) {
                generator.writeName(BOOL);
                generator.writeBoolean(truth);
            } else {
                text(STRING, (String) value);
            }
            generator.writeEndObject();
            generator.writeEndObject();
        }

        private void text(SerializedString name, String value) {
            generator.writeName(name);
            generator.writeString(value);
        }

        @Override
        public void end() {
            if (resource != null) {
                endEnvelope();
            }
            generator.writeEndArray();
            generator.writeEndObject();
            generator.close();
        }

        private void count(Span span, long left, long shortened) {
            if (left + shortened > 0 && counted.add(span)) {
                dropped.add(left);
                cut.add(shortened);
                losses.warn(
                        left + shortened,
                        "Attributes exceed what Tracentic takes, " + limits + ": " + left + " left out and " + shortened
                                + " cut in one span. Set fewer or shorter ones.");
            }
        }
    }

    private String serviceName(Attributes resource) {
        if (serviceName != null) {
            return serviceName;
        }
        // What OpenTelemetry calls a service that nobody named.
        String known = textOr(resource.get("service.name"), "unknown_service");
        return known.startsWith("unknown_service") ? UNKNOWN_SERVICE : known;
    }

    private String environment(Attributes resource) {
        if (deploymentEnvironment != null) {
            return deploymentEnvironment;
        }
        String older = textOr(resource.get("deployment.environment"), PRODUCTION);
        return textOr(resource.get("deployment.environment.name"), older);
    }

    private static String textOr(@Nullable Object value, String otherwise) {
        return value instanceof String text && !text.isBlank() ? text : otherwise;
    }

    private static String base64(long... ids) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * ids.length);
        for (long id : ids) {
            bytes.putLong(id);
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static String isoFormat(Instant time) {
        Instant micros = time.truncatedTo(ChronoUnit.MICROS);
        // Python leaves a fraction of zero out.
        DateTimeFormatter format = micros.equals(time.truncatedTo(ChronoUnit.SECONDS)) ? SECONDS : MICROS;
        return format.format(micros) + "+00:00";
    }

    /** {@code RateLimited} of {@code com.acme.Errors$RateLimited}, as Python names exceptions; other types as they are. */
    private static String simpleName(String errorType) {
        int start = Math.max(errorType.lastIndexOf('.'), errorType.lastIndexOf('$')) + 1;
        boolean isClass = start < errorType.length() && Character.isUpperCase(errorType.charAt(start));
        return isClass ? errorType.substring(start) : errorType;
    }

    /** What {@code span} says of {@code key}, itself or by its data. */
    private static @Nullable Object said(Span span, String key) {
        Object own = span.ownAttribute(key);
        if (own != null || span.data() == null) {
            return own;
        }
        return span.data() instanceof GenAiData known ? known.metadata(key) : span.metadata(key);
    }

    private static @Nullable Cost costInDollars(Span span) {
        try {
            Cost cost = span.data() instanceof BilledData billed ? billed.cost() : null;
            return cost != null && cost.currency().equals("USD") ? cost : null;
        } catch (Throwable e) {
            // An application's calculator. The span counts the failure where it renders its attributes.
            FatalErrors.propagate(e);
            return null;
        }
    }

    /** Milliseconds between two times in nanoseconds since the epoch, as Python's clock, datetimes and floats have it. */
    static long durationMillis(long startEpochNanos, long endEpochNanos) {
        return (long) Math.rint((seconds(endEpochNanos) - seconds(startEpochNanos)) * 1000);
    }

    private static double seconds(long epochNanos) {
        return Math.floorDiv(epochNanos, 1000L) / 1e6;
    }

    /** In Tracentic's arithmetic where it prices alike: input and output, each at one price. */
    static double dollars(Cost cost, @Nullable Long input, @Nullable Long output) {
        Cost.Parts parts = cost.parts();
        if (parts == null
                || input == null
                || output == null
                || parts.input().add(parts.output()).compareTo(cost.total()) != 0) {
            return cost.total().doubleValue();
        }
        return inDoubles(parts.input(), input) + inDoubles(parts.output(), output);
    }

    private static double inDoubles(BigDecimal amount, long tokens) {
        if (tokens == 0) {
            return 0;
        }
        BigDecimal perMillion = amount.movePointRight(6).divide(BigDecimal.valueOf(tokens), MathContext.DECIMAL128);
        return tokens / 1e6 * perMillion.doubleValue();
    }

    /** What this wire has words of its own for. */
    private record Call(
            boolean isModelCall,
            @Nullable String provider,
            @Nullable String model,
            @Nullable String type,
            @Nullable Long inputTokens,
            @Nullable Long outputTokens) {

        private static final Call NONE = new Call(false, null, null, null, null, null);

        static Call of(Span span) {
            String provider = text(said(span, PROVIDER_NAME));
            String operation = text(said(span, OPERATION_NAME));
            if (!isModelCall(span, provider, operation)) {
                return NONE;
            }
            Long input = count(said(span, USAGE_INPUT_TOKENS));
            Long output = count(said(span, USAGE_OUTPUT_TOKENS));
            if (output == null && input != null && span.data() instanceof Embeddings) {
                output = 0L;
            }
            String type = "embeddings".equals(operation) ? "embedding" : operation;
            return new Call(true, provider, text(said(span, REQUEST_MODEL)), type, input, output);
        }

        /** Not what only holds calls, as an agent does: its tokens are theirs, and would be summed up twice. */
        private static boolean isModelCall(Span span, @Nullable String provider, @Nullable String operation) {
            if (span.data() instanceof GenAiData) {
                return span.data() instanceof BilledData;
            }
            return provider != null && (operation == null || !NO_CALLS.contains(operation));
        }

        private static @Nullable String text(@Nullable Object value) {
            return value instanceof String text ? text : null;
        }

        private static @Nullable Long count(@Nullable Object value) {
            return value instanceof Long count ? count : null;
        }

        String spanName() {
            if (provider == null) {
                return "llm.call";
            }
            return type == null ? "llm." + provider : "llm." + provider + '.' + type;
        }

        void claimOn(TracenticAttributes attributes) {
            claim(PROVIDER_NAME, provider, attributes);
            claim(REQUEST_MODEL, model, attributes);
            claim(OPERATION_NAME, type, attributes);
            claim(USAGE_INPUT_TOKENS, inputTokens, attributes);
            claim(USAGE_OUTPUT_TOKENS, outputTokens, attributes);
        }

        private static void claim(String key, @Nullable Object value, TracenticAttributes attributes) {
            if (value != null) {
                attributes.claim(key);
            }
        }

        void putOn(TracenticAttributes attributes) {
            attributes.put("llm.provider", provider);
            attributes.put("llm.request.model", model);
            attributes.put("llm.request.type", type);
            attributes.put("llm.usage.input_tokens", inputTokens);
            attributes.put("llm.usage.output_tokens", outputTokens);
            if (inputTokens != null && outputTokens != null) {
                attributes.put("llm.usage.total_tokens", inputTokens + outputTokens);
            }
        }
    }
}
