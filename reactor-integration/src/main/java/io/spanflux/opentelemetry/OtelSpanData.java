// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.opentelemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.TraceStateBuilder;
import io.opentelemetry.sdk.common.InstrumentationLibraryInfo;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.spanflux.config.SdkVersion;
import io.spanflux.encode.AttributeDialect;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanEvent;
import io.spanflux.trace.SpanLink;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An ended span, seen as OpenTelemetry's SDK wants to see it. Attributes, events and links are made once, by the thread that
 * exports; the rest is read from the span.
 *
 * <p>Threads: immutable.
 */
final class OtelSpanData implements SpanData {
    private static final AttributeDialect DIALECT = AttributeDialect.genAi();
    private static final String NAME = "io.spanflux";
    private static final InstrumentationScopeInfo SCOPE =
            InstrumentationScopeInfo.builder(NAME).setVersion(SdkVersion.get()).build();

    private final Span span;
    private final Attributes attributes;
    private final int totalAttributes;
    private final List<EventData> events;
    private final List<LinkData> links;
    private final Resource resource;

    OtelSpanData(Span span) {
        this.span = span;
        OtelAttributes collected = new OtelAttributes();
        int dropped = DIALECT.forEachAttribute(span, collected);
        this.attributes = collected.build();
        this.totalAttributes = attributes.size() + dropped;
        this.events = span.events().stream().map(OtelSpanData::event).toList();
        this.links = span.links().stream().map(OtelSpanData::link).toList();
        this.resource = Resource.create(OtelAttributes.of(span.resource().attributes()));
    }

    private static EventData event(SpanEvent event) {
        OtelAttributes collected = new OtelAttributes();
        event.forEachAttribute(collected);
        Attributes attributes = collected.build();
        return EventData.create(
                event.epochNanos(), event.name(), attributes, attributes.size() + event.droppedAttributes());
    }

    private static LinkData link(SpanLink link) {
        Attributes attributes = OtelAttributes.of(link.attributes());
        return LinkData.create(context(link.context()), attributes, attributes.size() + link.droppedAttributes());
    }

    private static SpanContext context(io.spanflux.trace.SpanContext context) {
        return context(
                context.traceId(),
                context.spanId(),
                context.traceFlags(),
                state(context.traceState().header()),
                context.isRemote());
    }

    private static SpanContext context(String traceId, String spanId, int flags, TraceState state, boolean remote) {
        TraceFlags traceFlags = TraceFlags.fromByte((byte) flags);
        return remote
                ? SpanContext.createFromRemoteParent(traceId, spanId, traceFlags, state)
                : SpanContext.create(traceId, spanId, traceFlags, state);
    }

    private static TraceState state(String header) {
        if (header.isEmpty()) {
            return TraceState.getDefault();
        }
        TraceStateBuilder state = TraceState.builder();
        String[] members = header.split(",", -1);
        // The builder puts what comes last first.
        for (int i = members.length - 1; i >= 0; i--) {
            int equals = members[i].indexOf('=');
            state.put(members[i].substring(0, equals), members[i].substring(equals + 1));
        }
        return state.build();
    }

    @Override
    public String getName() {
        return DIALECT.spanName(span);
    }

    @Override
    public SpanKind getKind() {
        return SpanKind.valueOf(span.kind().name());
    }

    @Override
    public SpanContext getSpanContext() {
        return context(span.context());
    }

    @Override
    public SpanContext getParentSpanContext() {
        return span.parentSpanIdBits() == 0
                ? SpanContext.getInvalid()
                : context(
                        span.context().traceId(),
                        String.format(Locale.ROOT, "%016x", span.parentSpanIdBits()),
                        span.traceFlags(),
                        state(span.traceState().header()),
                        span.isParentRemote());
    }

    @Override
    public StatusData getStatus() {
        @Nullable String description = span.statusDescription();
        return StatusData.create(StatusCode.valueOf(span.status().name()), description == null ? "" : description);
    }

    @Override
    public long getStartEpochNanos() {
        return span.startEpochNanos();
    }

    @Override
    public long getEndEpochNanos() {
        return span.endEpochNanos();
    }

    @Override
    public boolean hasEnded() {
        return true;
    }

    @Override
    public Attributes getAttributes() {
        return attributes;
    }

    @Override
    public List<EventData> getEvents() {
        return events;
    }

    @Override
    public List<LinkData> getLinks() {
        return links;
    }

    @Override
    public int getTotalAttributeCount() {
        return totalAttributes;
    }

    @Override
    public int getTotalRecordedEvents() {
        return events.size() + span.droppedEvents();
    }

    @Override
    public int getTotalRecordedLinks() {
        return links.size() + span.droppedLinks();
    }

    @Override
    @Deprecated
    public InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
        return InstrumentationLibraryInfo.create(NAME, SdkVersion.get());
    }

    @Override
    public InstrumentationScopeInfo getInstrumentationScopeInfo() {
        return SCOPE;
    }

    @Override
    public Resource getResource() {
        return resource;
    }

    @Override
    public String toString() {
        return "OtelSpanData{" + span + '}';
    }
}
