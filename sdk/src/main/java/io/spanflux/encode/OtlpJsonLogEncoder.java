// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.LogRecord;
import io.spanflux.trace.Resource;
import io.spanflux.trace.SpanContext;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;

/**
 * OTLP logs in the JSON form of protobuf: an event is a record with {@code eventName}, whose attributes say everything;
 * there is no body. Ids, numbers and times are as {@link OtlpJsonEncoder} writes them.
 *
 * <p>Threads: immutable and shared; an {@link Encoding} belongs to one thread at a time.
 */
public final class OtlpJsonLogEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceLogs", "scopeLogs", "logRecords");

    private static final SerializedString TIME = new SerializedString("timeUnixNano");
    private static final SerializedString OBSERVED = new SerializedString("observedTimeUnixNano");
    private static final SerializedString SEVERITY = new SerializedString("severityNumber");
    private static final SerializedString SEVERITY_TEXT = new SerializedString("severityText");
    private static final SerializedString EVENT_NAME = new SerializedString("eventName");
    private static final SerializedString DROPPED_ATTRIBUTES = new SerializedString("droppedAttributesCount");
    private static final SerializedString FLAGS = new SerializedString("flags");
    private static final SerializedString TRACE_ID = new SerializedString("traceId");
    private static final SerializedString SPAN_ID = new SerializedString("spanId");

    private final JsonFactory json = OtlpEnvelope.json();
    private final AttributeKeys keys = new AttributeKeys();

    /** The media type of the body, without parameters, which some receivers refuse. */
    public String contentType() {
        return "application/json";
    }

    /** Begins a body on {@code out}. */
    public Encoding begin(OutputStream out) {
        return new Encoding(json.createGenerator(ObjectWriteContext.empty(), out), keys);
    }

    @Override
    public String toString() {
        return "OtlpJsonLogEncoder";
    }

    /** A body under way; where the resource changes, a new envelope begins. */
    public static final class Encoding {
        private final JsonGenerator generator;
        private final AttributeWriter attributes;
        private @Nullable Resource resource;

        private Encoding(JsonGenerator generator, AttributeKeys keys) {
            this.generator = generator;
            this.attributes = new AttributeWriter(generator, keys);
            ENVELOPE.beginBody(generator);
        }

        private void enter(Resource next) {
            if (next.equals(resource)) {
                return;
            }
            if (resource != null) {
                ENVELOPE.end(generator);
            }
            resource = next;
            ENVELOPE.begin(generator, attributes, next);
        }

        /** Writes one record. What of it cannot be said is left out. */
        public void write(LogRecord log) {
            enter(log.resource());
            attributes.beginRecord();
            generator.writeStartObject();
            generator.writeName(TIME);
            attributes.writeDecimal(log.epochNanos());
            generator.writeName(OBSERVED);
            attributes.writeDecimal(log.epochNanos());
            generator.writeName(SEVERITY);
            generator.writeNumber(log.severity().number());
            generator.writeName(SEVERITY_TEXT);
            generator.writeString(log.severity().name());
            generator.writeName(EVENT_NAME);
            attributes.writeText(log.eventName());
            attributes.begin();
            int dropped = log.forEachAttribute(attributes);
            attributes.writeRepairs();
            attributes.end();
            dropped += attributes.takeDropped();
            if (dropped > 0) {
                generator.writeName(DROPPED_ATTRIBUTES);
                generator.writeNumber(dropped);
            }
            SpanContext context = log.context();
            if (context != null) {
                generator.writeName(FLAGS);
                generator.writeNumber(context.traceFlags());
                generator.writeName(TRACE_ID);
                attributes.writeHex(context.traceIdHigh(), context.traceIdLow());
                generator.writeName(SPAN_ID);
                attributes.writeHex(context.spanIdBits());
            }
            generator.writeEndObject();
        }

        /** Writes what closes the body, and flushes. */
        public void end() {
            if (resource != null) {
                ENVELOPE.end(generator);
            }
            ENVELOPE.endBody(generator);
        }
    }
}
