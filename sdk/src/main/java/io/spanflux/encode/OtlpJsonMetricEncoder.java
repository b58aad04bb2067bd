// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import java.io.OutputStream;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;

/**
 * OTLP metrics in the JSON form of protobuf: 64-bit counts and times as text, bounds and sums as numbers, temporality as a
 * number.
 *
 * <p>Threads: immutable and shared; an {@link Encoding} belongs to one thread at a time.
 */
public final class OtlpJsonMetricEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceMetrics", "scopeMetrics", "metrics");

    private static final SerializedString NAME = new SerializedString("name");
    private static final SerializedString DESCRIPTION = new SerializedString("description");
    private static final SerializedString UNIT = new SerializedString("unit");
    private static final SerializedString HISTOGRAM = new SerializedString("histogram");
    private static final SerializedString SUM_DATA = new SerializedString("sum");
    private static final SerializedString MONOTONIC = new SerializedString("isMonotonic");
    private static final SerializedString AS_INT = new SerializedString("asInt");
    private static final SerializedString DATA_POINTS = new SerializedString("dataPoints");
    private static final SerializedString TEMPORALITY = new SerializedString("aggregationTemporality");
    private static final SerializedString START = new SerializedString("startTimeUnixNano");
    private static final SerializedString TIME = new SerializedString("timeUnixNano");
    private static final SerializedString COUNT = new SerializedString("count");
    private static final SerializedString SUM = new SerializedString("sum");
    private static final SerializedString BUCKET_COUNTS = new SerializedString("bucketCounts");
    private static final SerializedString BOUNDS = new SerializedString("explicitBounds");

    private final JsonFactory json = OtlpEnvelope.json();
    private final AttributeKeys keys = new AttributeKeys();

    /** The media type of the body, without parameters, which some receivers refuse. */
    public String contentType() {
        return "application/json";
    }

    /** Begins a body about {@code resource} on {@code out}. */
    public Encoding begin(OutputStream out, Resource resource) {
        return new Encoding(json.createGenerator(ObjectWriteContext.empty(), out), keys, resource);
    }

    @Override
    public String toString() {
        return "OtlpJsonMetricEncoder";
    }

    /** A body under way: metrics one after the other, each begun, filled point by point and ended. */
    public static final class Encoding {
        private final JsonGenerator generator;
        private final AttributeWriter attributes;

        private Encoding(JsonGenerator generator, AttributeKeys keys, Resource resource) {
            this.generator = generator;
            this.attributes = new AttributeWriter(generator, keys);
            ENVELOPE.beginBody(generator);
            ENVELOPE.begin(generator, attributes, resource);
        }

        /** Writes what stands before the points. */
        public void begin(Metric metric) {
            generator.writeStartObject();
            generator.writeName(NAME);
            generator.writeString(metric.name());
            generator.writeName(DESCRIPTION);
            generator.writeString(metric.description());
            generator.writeName(UNIT);
            generator.writeString(metric.unit());
            generator.writeName(metric instanceof Sum ? SUM_DATA : HISTOGRAM);
            generator.writeStartObject();
            generator.writeName(TEMPORALITY);
            generator.writeNumber(metric.temporality().code());
            if (metric instanceof Sum sum) {
                generator.writeName(MONOTONIC);
                generator.writeBoolean(sum.monotonic());
            }
            generator.writeName(DATA_POINTS);
            generator.writeStartArray();
        }

        /** Writes the point of that number of the metric that was begun. */
        public void writePoint(Metric metric, int number) {
            if (metric instanceof Histogram histogram) {
                writePoint(histogram, histogram.points().get(number));
            } else if (metric instanceof Sum sum) {
                writePoint(sum.points().get(number));
            }
        }

        private void writePoint(Sum.Point point) {
            generator.writeStartObject();
            writeAbout(point.attributes(), point.startEpochNanos(), point.epochNanos());
            generator.writeName(AS_INT);
            attributes.writeDecimal(point.value());
            generator.writeEndObject();
        }

        private void writeAbout(Attributes about, long start, long time) {
            attributes.begin();
            about.forEach(attributes);
            attributes.end();
            generator.writeName(START);
            attributes.writeDecimal(start);
            generator.writeName(TIME);
            attributes.writeDecimal(time);
        }

        private void writePoint(Histogram histogram, HistogramPoint point) {
            generator.writeStartObject();
            writeAbout(point.attributes(), point.startEpochNanos(), point.epochNanos());
            generator.writeName(COUNT);
            attributes.writeDecimal(point.count());
            generator.writeName(SUM);
            generator.writeNumber(point.sum());
            generator.writeName(BUCKET_COUNTS);
            generator.writeStartArray();
            for (long count : point.bucketCounts()) {
                attributes.writeDecimal(count);
            }
            generator.writeEndArray();
            writeBounds(histogram.bounds());
            generator.writeEndObject();
        }

        private void writeBounds(List<Double> bounds) {
            generator.writeName(BOUNDS);
            generator.writeStartArray();
            for (double bound : bounds) {
                generator.writeNumber(bound);
            }
            generator.writeEndArray();
        }

        /** Writes what stands after the points. */
        public void endMetric() {
            generator.writeEndArray();
            generator.writeEndObject();
            generator.writeEndObject();
        }

        /** Writes what closes the body, and flushes. */
        public void end() {
            ENVELOPE.end(generator);
            ENVELOPE.endBody(generator);
        }
    }
}
