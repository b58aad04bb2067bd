// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux;

import io.spanflux.export.DropCause;
import io.spanflux.metrics.Counter;
import io.spanflux.metrics.Counter.Reading;
import io.spanflux.pipeline.Ledger;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Tracer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the SDK says of itself: {@code otel.sdk.*}, as OpenTelemetry's conventions name it (in development), from the
 * ledgers of the exporters. Where there is a tail sampler, a queue's numbers are those behind it.
 */
final class SdkCounters {
    private static final String SPAN = "{span}";

    private final List<Component> components = new ArrayList<>();

    /** An exporter with its pipeline, and how they are called. */
    private record Component(Destination destination, Attributes processor, Attributes exporter) {}

    private SdkCounters(List<Destination> destinations, List<String> types) {
        for (int i = 0; i < destinations.size(); i++) {
            components.add(
                    new Component(destinations.get(i), named("batching_span_processor", i), named(types.get(i), i)));
        }
    }

    private static Attributes named(String type, int number) {
        return Attributes.of("otel.component.name", type + '/' + number).with("otel.component.type", type);
    }

    /** The component type of an exporter: {@code otlp_http_json_span_exporter} by the conventions, else by its class. */
    static String typeOf(Object exporter) {
        String name = exporter.getClass().getSimpleName();
        return name.equals("OtlpExporter")
                ? "otlp_http_json_span_exporter"
                : name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    static List<Counter> of(Supplier<@Nullable Tracer> tracer, List<Destination> destinations, List<String> types) {
        SdkCounters counters = new SdkCounters(destinations, types);
        return List.of(
                new Counter(
                        "otel.sdk.span.live",
                        SPAN,
                        "Spans that have started and not ended.",
                        false,
                        () -> live(tracer.get())),
                new Counter(
                        "otel.sdk.processor.span.queue.size",
                        SPAN,
                        "Spans that wait in the queue.",
                        false,
                        () -> counters.each(component ->
                                List.of(new Reading(component.processor, component.destination.queued())))),
                new Counter(
                        "otel.sdk.processor.span.queue.capacity",
                        SPAN,
                        "Spans that the queue holds at most.",
                        false,
                        () -> counters.each(component ->
                                List.of(new Reading(component.processor, component.destination.capacity())))),
                new Counter(
                        "otel.sdk.processor.span.processed",
                        SPAN,
                        "Spans that have left the queue, to the exporter or for good.",
                        true,
                        () -> counters.each(SdkCounters::processed)),
                new Counter(
                        "otel.sdk.exporter.span.inflight",
                        SPAN,
                        "Spans that are being exported.",
                        false,
                        () -> counters.each(component -> List.of(new Reading(
                                component.exporter,
                                Math.max(
                                        0,
                                        component.destination.ledger().pending() - component.destination.queued()))))),
                new Counter(
                        "otel.sdk.exporter.span.exported",
                        SPAN,
                        "Spans whose export has ended, well or not.",
                        true,
                        () -> counters.each(SdkCounters::exported)));
    }

    private static List<Reading> live(@Nullable Tracer tracer) {
        return tracer == null ? List.of() : List.of(new Reading(Attributes.empty(), tracer.liveSpans()));
    }

    private List<Reading> each(Function<Component, List<Reading>> readings) {
        List<Reading> all = new ArrayList<>();
        components.forEach(component -> all.addAll(readings.apply(component)));
        return all;
    }

    private static boolean isOfQueue(DropCause cause) {
        return cause == DropCause.QUEUE_FULL || cause == DropCause.BYTES_FULL || cause == DropCause.AFTER_CLOSE;
    }

    private static List<Reading> processed(Component component) {
        Ledger ledger = component.destination.ledger();
        List<Reading> readings = new ArrayList<>();
        long full = ledger.dropped(DropCause.QUEUE_FULL) + ledger.dropped(DropCause.BYTES_FULL);
        long late = ledger.dropped(DropCause.AFTER_CLOSE);
        long passed = ledger.sent() + ledger.rejected() + ledger.droppedTotal() + ledger.spooled() - full - late;
        readings.add(new Reading(component.processor, passed));
        add(readings, component.processor, "queue_full", full);
        add(readings, component.processor, "already_shutdown", late);
        return readings;
    }

    private static List<Reading> exported(Component component) {
        Ledger ledger = component.destination.ledger();
        List<Reading> readings = new ArrayList<>();
        readings.add(new Reading(component.exporter, ledger.sent()));
        add(readings, component.exporter, "rejected", ledger.rejected());
        ledger.dropped().forEach((cause, count) -> {
            if (!isOfQueue(cause)) {
                String type =
                        cause == DropCause.TIMED_OUT ? "timeout" : cause.name().toLowerCase(Locale.ROOT);
                add(readings, component.exporter, type, count);
            }
        });
        return readings;
    }

    private static void add(List<Reading> readings, Attributes component, String errorType, long count) {
        if (count > 0) {
            readings.add(new Reading(component.with("error.type", errorType), count));
        }
    }
}
