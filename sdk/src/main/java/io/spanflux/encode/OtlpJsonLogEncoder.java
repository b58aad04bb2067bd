// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.SpanContext;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * OTLP logs in the JSON form of protobuf: an event is a record with {@code eventName}, whose attributes say everything;
 * there is no body. Ids, numbers and times are as {@link OtlpJsonEncoder} writes them.
 *
 * <p>Threads: immutable and shared; an {@link Encoding} belongs to one thread at a time.
 */
public final class OtlpJsonLogEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceLogs", "scopeLogs", "logRecords");

    private static final byte[] TIME = JsonWriter.bytes("{\"timeUnixNano\":\"");
    private static final byte[] OBSERVED = JsonWriter.bytes("\",\"observedTimeUnixNano\":\"");
    private static final byte[] SEVERITY = JsonWriter.bytes("\",\"severityNumber\":");
    private static final byte[] SEVERITY_TEXT = JsonWriter.bytes(",\"severityText\":");
    private static final byte[] EVENT_NAME = JsonWriter.bytes(",\"eventName\":");
    private static final byte[] DROPPED_ATTRIBUTES = JsonWriter.bytes(",\"droppedAttributesCount\":");
    private static final byte[] FLAGS = JsonWriter.bytes(",\"flags\":");
    private static final byte[] TRACE_ID = JsonWriter.bytes(",\"traceId\":\"");
    private static final byte[] SPAN_ID = JsonWriter.bytes("\",\"spanId\":\"");

    private final JsonWriter.Spare writers = new JsonWriter.Spare();
    private final AttributeKeys keys = new AttributeKeys(writers);

    /** The media type of the body, without parameters, which some receivers refuse. */
    public String contentType() {
        return "application/json";
    }

    /** Begins a body on {@code out}. */
    public Encoding begin(OutputStream out) {
        return new Encoding(out, writers, keys);
    }

    @Override
    public String toString() {
        return "OtlpJsonLogEncoder";
    }

    /** A body under way; where the resource changes, a new envelope begins. */
    public static final class Encoding {
        private final JsonWriter json;
        private final JsonWriter.Spare writers;
        private final AttributeWriter attributes;
        private @Nullable Resource resource;

        private Encoding(OutputStream out, JsonWriter.Spare writers, AttributeKeys keys) {
            this.json = writers.writer(out);
            this.writers = writers;
            this.attributes = new AttributeWriter(json, keys);
            ENVELOPE.beginBody(json);
        }

        /** Writes one record. What of it cannot be said is left out. */
        public void write(LogRecord log) {
            if (resource != null && resource.equals(log.resource())) {
                json.raw(',');
            } else {
                if (resource != null) {
                    ENVELOPE.end(json);
                    json.raw(',');
                }
                resource = log.resource();
                ENVELOPE.begin(json, attributes, resource);
            }
            attributes.beginRecord();
            json.raw(TIME);
            json.decimal(log.epochNanos());
            json.raw(OBSERVED);
            json.decimal(log.epochNanos());
            json.raw(SEVERITY);
            json.decimal(log.severity().number());
            json.raw(SEVERITY_TEXT);
            json.text(log.severity().name());
            json.raw(EVENT_NAME);
            attributes.writeText(log.eventName());
            json.raw(',');
            attributes.begin();
            int dropped = log.forEachAttribute(attributes);
            attributes.writeRepairs();
            attributes.end();
            dropped += attributes.takeDropped();
            if (dropped > 0) {
                json.raw(DROPPED_ATTRIBUTES);
                json.decimal(dropped);
            }
            SpanContext context = log.context();
            if (context != null) {
                json.raw(FLAGS);
                json.decimal(context.traceFlags());
                json.raw(TRACE_ID);
                json.hex(context.traceIdHigh());
                json.hex(context.traceIdLow());
                json.raw(SPAN_ID);
                json.hex(context.spanIdBits());
                json.raw('"');
            }
            json.raw('}');
        }

        /** Writes what closes the body, and flushes. */
        public void end() {
            if (resource != null) {
                ENVELOPE.end(json);
            }
            ENVELOPE.endBody(json);
            json.close(writers);
        }
    }
}
