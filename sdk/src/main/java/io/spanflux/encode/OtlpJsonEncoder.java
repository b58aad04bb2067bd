// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanLink;
import io.spanflux.trace.SpanStatus;
import java.io.OutputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;

/**
 * OTLP traces in the JSON form of protobuf, as OpenTelemetry's protocol 1.11 prescribes and as real receivers read it:
 * ids in lower-case hexadecimal, 64-bit numbers as text, enumerations as numbers, never a null, never an attribute value
 * without a kind, {@code attributes}, {@code scope.name} and {@code endTimeUnixNano} always there.
 */
public final class OtlpJsonEncoder implements SpanEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceSpans", "scopeSpans", "spans");

    private static final SerializedString TRACE_ID = new SerializedString("traceId");
    private static final SerializedString SPAN_ID = new SerializedString("spanId");
    private static final SerializedString TRACE_STATE = new SerializedString("traceState");
    private static final SerializedString PARENT_SPAN_ID = new SerializedString("parentSpanId");
    private static final SerializedString FLAGS = new SerializedString("flags");
    private static final SerializedString NAME = new SerializedString("name");
    private static final SerializedString KIND = new SerializedString("kind");
    private static final SerializedString START = new SerializedString("startTimeUnixNano");
    private static final SerializedString END = new SerializedString("endTimeUnixNano");
    private static final SerializedString TIME = new SerializedString("timeUnixNano");
    private static final SerializedString STATUS = new SerializedString("status");
    private static final SerializedString CODE = new SerializedString("code");
    private static final SerializedString MESSAGE = new SerializedString("message");
    private static final SerializedString EVENTS = new SerializedString("events");
    private static final SerializedString LINKS = new SerializedString("links");
    private static final SerializedString DROPPED_ATTRIBUTES = new SerializedString("droppedAttributesCount");
    private static final SerializedString DROPPED_EVENTS = new SerializedString("droppedEventsCount");
    private static final SerializedString DROPPED_LINKS = new SerializedString("droppedLinksCount");

    /** Bit 8 of OTLP's flags: it is known whether the parent is remote; bit 9: it is. */
    private static final int HAS_IS_REMOTE = 0x100;

    private static final int IS_REMOTE = 0x200;

    private final JsonFactory json = OtlpEnvelope.json();
    private final AttributeKeys keys = new AttributeKeys();
    private final AttributeDialect dialect;

    /** In the conventions' words. */
    public OtlpJsonEncoder() {
        this(AttributeDialect.genAi());
    }

    /** In the words of {@code dialect}. */
    public OtlpJsonEncoder(AttributeDialect dialect) {
        this.dialect = Objects.requireNonNull(dialect, "dialect == null");
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
        return "OtlpJsonEncoder";
    }

    /** Spans of one resource follow one another in a batch; where the resource changes, a new envelope begins. */
    private final class Body implements Encoding {
        private final JsonGenerator generator;
        private final AttributeWriter attributes;
        private @Nullable Resource resource;

        Body(JsonGenerator generator) {
            this.generator = generator;
            this.attributes = new AttributeWriter(generator, keys);
            ENVELOPE.beginBody(generator);
        }

        private void beginEnvelope(Resource next) {
            resource = next;
            ENVELOPE.begin(generator, attributes, next);
        }

        @Override
        public void write(Span span) {
            if (resource == null) {
                beginEnvelope(span.resource());
            } else if (!resource.equals(span.resource())) {
                ENVELOPE.end(generator);
                beginEnvelope(span.resource());
            }
            attributes.beginRecord();
            generator.writeStartObject();
            generator.writeName(TRACE_ID);
            attributes.writeHex(span.traceIdHigh(), span.traceIdLow());
            generator.writeName(SPAN_ID);
            attributes.writeHex(span.spanIdBits());
            if (!span.traceState().isEmpty()) {
                generator.writeName(TRACE_STATE);
                generator.writeString(span.traceState().header());
            }
            if (span.parentSpanIdBits() != 0) {
                generator.writeName(PARENT_SPAN_ID);
                attributes.writeHex(span.parentSpanIdBits());
            }
            generator.writeName(FLAGS);
            generator.writeNumber(span.traceFlags() | HAS_IS_REMOTE | (span.isParentRemote() ? IS_REMOTE : 0));
            generator.writeName(NAME);
            attributes.writeText(dialect.spanName(span));
            generator.writeName(KIND);
            generator.writeNumber(span.kind().code());
            generator.writeName(START);
            attributes.writeDecimal(span.startEpochNanos());
            generator.writeName(END);
            attributes.writeDecimal(span.endEpochNanos());
            writeStatus(span);
            writeEvents(span.events(), span.droppedEvents());
            writeLinks(span.links(), span.droppedLinks());
            // After all other text, so that it can say how many texts had to be repaired.
            attributes.begin();
            int dropped = dialect.forEachAttribute(span, attributes);
            attributes.writeRepairs();
            attributes.end();
            writeCount(DROPPED_ATTRIBUTES, dropped + attributes.takeDropped());
            generator.writeEndObject();
        }

        private void writeStatus(Span span) {
            if (span.status() == SpanStatus.UNSET) {
                return;
            }
            generator.writeName(STATUS);
            generator.writeStartObject();
            String description = span.statusDescription();
            if (description != null) {
                generator.writeName(MESSAGE);
                attributes.writeText(description);
            }
            generator.writeName(CODE);
            generator.writeNumber(span.status().code());
            generator.writeEndObject();
        }

        private void writeEvents(List<SpanEvent> events, int dropped) {
            if (!events.isEmpty()) {
                generator.writeName(EVENTS);
                generator.writeStartArray();
                for (SpanEvent event : events) {
                    generator.writeStartObject();
                    generator.writeName(TIME);
                    attributes.writeDecimal(event.epochNanos());
                    generator.writeName(NAME);
                    attributes.writeText(event.name());
                    attributes.begin();
                    event.forEachAttribute(attributes);
                    attributes.end();
                    writeCount(DROPPED_ATTRIBUTES, event.droppedAttributes() + attributes.takeDropped());
                    generator.writeEndObject();
                }
                generator.writeEndArray();
            }
            writeCount(DROPPED_EVENTS, dropped);
        }

        private void writeLinks(List<SpanLink> links, int dropped) {
            if (!links.isEmpty()) {
                generator.writeName(LINKS);
                generator.writeStartArray();
                for (SpanLink link : links) {
                    SpanContext other = link.context();
                    generator.writeStartObject();
                    generator.writeName(TRACE_ID);
                    attributes.writeHex(other.traceIdHigh(), other.traceIdLow());
                    generator.writeName(SPAN_ID);
                    attributes.writeHex(other.spanIdBits());
                    if (!other.traceState().isEmpty()) {
                        generator.writeName(TRACE_STATE);
                        generator.writeString(other.traceState().header());
                    }
                    writeAttributes(link.attributes());
                    writeCount(DROPPED_ATTRIBUTES, link.droppedAttributes() + attributes.takeDropped());
                    generator.writeName(FLAGS);
                    generator.writeNumber(other.traceFlags() | HAS_IS_REMOTE | (other.isRemote() ? IS_REMOTE : 0));
                    generator.writeEndObject();
                }
                generator.writeEndArray();
            }
            writeCount(DROPPED_LINKS, dropped);
        }

        private void writeAttributes(Attributes values) {
            attributes.begin();
            values.forEach(attributes);
            attributes.end();
        }

        private void writeCount(SerializedString name, int count) {
            if (count > 0) {
                generator.writeName(name);
                generator.writeNumber(count);
            }
        }

        @Override
        public void end() {
            if (resource != null) {
                ENVELOPE.end(generator);
            }
            ENVELOPE.endBody(generator);
        }
    }
}
