// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanContext;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanLink;
import io.spanflux.trace.SpanStatus;
import io.spanflux.trace.TraceState;
import java.io.OutputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * OTLP traces in the JSON form of protobuf, as OpenTelemetry's protocol 1.11 prescribes and as real receivers read it:
 * ids in lower-case hexadecimal, 64-bit numbers as text, enumerations as numbers, never a null, never an attribute value
 * without a kind, {@code attributes}, {@code scope.name} and {@code endTimeUnixNano} always there.
 */
public final class OtlpJsonEncoder implements SpanEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceSpans", "scopeSpans", "spans");

    private static final byte[] TRACE_ID = JsonWriter.bytes("{\"traceId\":\"");
    private static final byte[] SPAN_ID = JsonWriter.bytes("\",\"spanId\":\"");
    private static final byte[] TRACE_STATE = JsonWriter.bytes(",\"traceState\":");
    private static final byte[] PARENT_SPAN_ID = JsonWriter.bytes(",\"parentSpanId\":\"");
    private static final byte[] FLAGS = JsonWriter.bytes(",\"flags\":");
    private static final byte[] NAME = JsonWriter.bytes(",\"name\":");
    private static final byte[] KIND = JsonWriter.bytes(",\"kind\":");
    private static final byte[] START = JsonWriter.bytes(",\"startTimeUnixNano\":\"");
    private static final byte[] END = JsonWriter.bytes("\",\"endTimeUnixNano\":\"");
    private static final byte[] TIME = JsonWriter.bytes("{\"timeUnixNano\":\"");
    private static final byte[] STATUS = JsonWriter.bytes(",\"status\":{");
    private static final byte[] MESSAGE = JsonWriter.bytes("\"message\":");
    private static final byte[] CODE = JsonWriter.bytes("\"code\":");
    private static final byte[] EVENTS = JsonWriter.bytes(",\"events\":[");
    private static final byte[] LINKS = JsonWriter.bytes(",\"links\":[");
    private static final byte[] DROPPED_ATTRIBUTES = JsonWriter.bytes(",\"droppedAttributesCount\":");
    private static final byte[] DROPPED_EVENTS = JsonWriter.bytes(",\"droppedEventsCount\":");
    private static final byte[] DROPPED_LINKS = JsonWriter.bytes(",\"droppedLinksCount\":");

    /** Bit 8 of OTLP's flags: it is known whether the parent is remote; bit 9: it is. */
    private static final int HAS_IS_REMOTE = 0x100;

    private static final int IS_REMOTE = 0x200;

    private final JsonWriter.Spare writers = new JsonWriter.Spare();
    private final AttributeKeys keys = new AttributeKeys(writers);
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
        return new Body(writers.writer(out));
    }

    @Override
    public String toString() {
        return "OtlpJsonEncoder";
    }

    /** Spans of one resource follow one another in a batch; where the resource changes, a new envelope begins. */
    private final class Body implements Encoding {
        private final JsonWriter json;
        private final AttributeWriter attributes;
        private @Nullable Resource resource;

        Body(JsonWriter json) {
            this.json = json;
            this.attributes = new AttributeWriter(json, keys);
            ENVELOPE.beginBody(json);
        }

        @Override
        public void write(Span span) {
            if (resource != null && resource.equals(span.resource())) {
                json.raw(',');
            } else {
                if (resource != null) {
                    ENVELOPE.end(json);
                    json.raw(',');
                }
                resource = span.resource();
                ENVELOPE.begin(json, attributes, resource);
            }
            attributes.beginRecord();
            json.raw(TRACE_ID);
            json.hex(span.traceIdHigh());
            json.hex(span.traceIdLow());
            json.raw(SPAN_ID);
            json.hex(span.spanIdBits());
            json.raw('"');
            writeTraceState(span.traceState());
            if (span.parentSpanIdBits() != 0) {
                json.raw(PARENT_SPAN_ID);
                json.hex(span.parentSpanIdBits());
                json.raw('"');
            }
            writeFlags(span.traceFlags(), span.isParentRemote());
            json.raw(NAME);
            attributes.writeText(dialect.spanName(span));
            json.raw(KIND);
            json.decimal(span.kind().code());
            json.raw(START);
            json.decimal(span.startEpochNanos());
            json.raw(END);
            json.decimal(span.endEpochNanos());
            json.raw('"');
            writeStatus(span);
            writeEvents(span.events(), span.droppedEvents());
            writeLinks(span.links(), span.droppedLinks());
            // After all other text, so that it can say how many texts had to be repaired.
            json.raw(',');
            attributes.begin();
            int dropped = dialect.forEachAttribute(span, attributes);
            attributes.writeRepairs();
            attributes.end();
            writeCount(DROPPED_ATTRIBUTES, dropped + attributes.takeDropped());
            json.raw('}');
        }

        private void writeTraceState(TraceState state) {
            if (!state.isEmpty()) {
                json.raw(TRACE_STATE);
                json.text(state.header());
            }
        }

        private void writeFlags(int traceFlags, boolean isRemote) {
            json.raw(FLAGS);
            json.decimal(traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0));
        }

        private void writeStatus(Span span) {
            if (span.status() == SpanStatus.UNSET) {
                return;
            }
            json.raw(STATUS);
            String description = span.statusDescription();
            if (description != null) {
                json.raw(MESSAGE);
                attributes.writeText(description);
                json.raw(',');
            }
            json.raw(CODE);
            json.decimal(span.status().code());
            json.raw('}');
        }

        private void writeEvents(List<SpanEvent> events, int dropped) {
            if (!events.isEmpty()) {
                json.raw(EVENTS);
                for (int i = 0; i < events.size(); i++) {
                    if (i > 0) {
                        json.raw(',');
                    }
                    writeEvent(events.get(i));
                }
                json.raw(']');
            }
            writeCount(DROPPED_EVENTS, dropped);
        }

        private void writeEvent(SpanEvent event) {
            json.raw(TIME);
            json.decimal(event.epochNanos());
            json.raw('"');
            json.raw(NAME);
            attributes.writeText(event.name());
            json.raw(',');
            attributes.begin();
            event.forEachAttribute(attributes);
            attributes.end();
            writeCount(DROPPED_ATTRIBUTES, event.droppedAttributes() + attributes.takeDropped());
            json.raw('}');
        }

        private void writeLinks(List<SpanLink> links, int dropped) {
            if (!links.isEmpty()) {
                json.raw(LINKS);
                for (int i = 0; i < links.size(); i++) {
                    if (i > 0) {
                        json.raw(',');
                    }
                    writeLink(links.get(i));
                }
                json.raw(']');
            }
            writeCount(DROPPED_LINKS, dropped);
        }

        private void writeLink(SpanLink link) {
            SpanContext other = link.context();
            json.raw(TRACE_ID);
            json.hex(other.traceIdHigh());
            json.hex(other.traceIdLow());
            json.raw(SPAN_ID);
            json.hex(other.spanIdBits());
            json.raw('"');
            writeTraceState(other.traceState());
            json.raw(',');
            attributes.begin();
            link.attributes().forEach(attributes);
            attributes.end();
            writeCount(DROPPED_ATTRIBUTES, link.droppedAttributes() + attributes.takeDropped());
            writeFlags(other.traceFlags(), other.isRemote());
            json.raw('}');
        }

        private void writeCount(byte[] name, int count) {
            if (count > 0) {
                json.raw(name);
                json.decimal(count);
            }
        }

        @Override
        public void end() {
            if (resource != null) {
                ENVELOPE.end(json);
            }
            ENVELOPE.endBody(json);
            json.close(writers);
        }
    }
}
