// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import java.io.OutputStream;
import java.util.List;

/**
 * OTLP metrics in the JSON form of protobuf: 64-bit counts and times as text, bounds and sums as numbers, temporality as a
 * number.
 *
 * <p>Threads: immutable and shared; an {@link Encoding} belongs to one thread at a time.
 */
public final class OtlpJsonMetricEncoder {
    private static final OtlpEnvelope ENVELOPE = new OtlpEnvelope("resourceMetrics", "scopeMetrics", "metrics");

    private static final byte[] NAME = JsonWriter.bytes("{\"name\":");
    private static final byte[] DESCRIPTION = JsonWriter.bytes(",\"description\":");
    private static final byte[] UNIT = JsonWriter.bytes(",\"unit\":");
    private static final byte[] HISTOGRAM = JsonWriter.bytes(",\"histogram\":{\"aggregationTemporality\":");
    private static final byte[] SUM_DATA = JsonWriter.bytes(",\"sum\":{\"aggregationTemporality\":");
    private static final byte[] MONOTONIC = JsonWriter.bytes(",\"isMonotonic\":true");
    private static final byte[] NOT_MONOTONIC = JsonWriter.bytes(",\"isMonotonic\":false");
    private static final byte[] AS_INT = JsonWriter.bytes("\",\"asInt\":\"");
    private static final byte[] END_OF_POINT = JsonWriter.bytes("\"}");
    private static final byte[] DATA_POINTS = JsonWriter.bytes(",\"dataPoints\":[");
    private static final byte[] START = JsonWriter.bytes(",\"startTimeUnixNano\":\"");
    private static final byte[] TIME = JsonWriter.bytes("\",\"timeUnixNano\":\"");
    private static final byte[] COUNT = JsonWriter.bytes("\",\"count\":\"");
    private static final byte[] SUM = JsonWriter.bytes("\",\"sum\":");
    private static final byte[] BUCKET_COUNTS = JsonWriter.bytes(",\"bucketCounts\":[");
    private static final byte[] BOUNDS = JsonWriter.bytes("],\"explicitBounds\":[");
    private static final byte[] END_OF_METRIC = JsonWriter.bytes("]}}");

    private final JsonWriter.Spare writers = new JsonWriter.Spare();
    private final AttributeKeys keys = new AttributeKeys(writers);

    /** The media type of the body, without parameters, which some receivers refuse. */
    public String contentType() {
        return "application/json";
    }

    /** Begins a body about {@code resource} on {@code out}. */
    public Encoding begin(OutputStream out, Resource resource) {
        return new Encoding(out, writers, keys, resource);
    }

    @Override
    public String toString() {
        return "OtlpJsonMetricEncoder";
    }

    /** A body under way: metrics one after the other, each begun, filled point by point and ended. */
    public static final class Encoding {
        private final JsonWriter json;
        private final JsonWriter.Spare writers;
        private final AttributeWriter attributes;
        private boolean isFirstMetric = true;
        private boolean isFirstPoint = true;

        private Encoding(OutputStream out, JsonWriter.Spare writers, AttributeKeys keys, Resource resource) {
            this.json = writers.writer(out);
            this.writers = writers;
            this.attributes = new AttributeWriter(json, keys);
            ENVELOPE.beginBody(json);
            ENVELOPE.begin(json, attributes, resource);
        }

        /** Writes what stands before the points. */
        public void begin(Metric metric) {
            if (!isFirstMetric) {
                json.raw(',');
            }
            isFirstMetric = false;
            isFirstPoint = true;
            json.raw(NAME);
            json.text(metric.name());
            json.raw(DESCRIPTION);
            json.text(metric.description());
            json.raw(UNIT);
            json.text(metric.unit());
            json.raw(metric instanceof Sum ? SUM_DATA : HISTOGRAM);
            json.decimal(metric.temporality().code());
            if (metric instanceof Sum sum) {
                json.raw(sum.monotonic() ? MONOTONIC : NOT_MONOTONIC);
            }
            json.raw(DATA_POINTS);
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
            beginPoint(point.attributes(), point.startEpochNanos(), point.epochNanos());
            json.raw(AS_INT);
            json.decimal(point.value());
            json.raw(END_OF_POINT);
        }

        private void beginPoint(Attributes about, long start, long time) {
            if (!isFirstPoint) {
                json.raw(',');
            }
            isFirstPoint = false;
            json.raw('{');
            attributes.begin();
            about.forEach(attributes);
            attributes.end();
            json.raw(START);
            json.decimal(start);
            json.raw(TIME);
            json.decimal(time);
        }

        private void writePoint(Histogram histogram, HistogramPoint point) {
            beginPoint(point.attributes(), point.startEpochNanos(), point.epochNanos());
            json.raw(COUNT);
            json.decimal(point.count());
            json.raw(SUM);
            json.number(point.sum());
            writeBuckets(point.bucketCounts(), histogram.bounds());
            json.raw('}');
        }

        private void writeBuckets(List<Long> counts, List<Double> bounds) {
            json.raw(BUCKET_COUNTS);
            boolean isFirst = true;
            for (long count : counts) {
                if (!isFirst) {
                    json.raw(',');
                }
                isFirst = false;
                json.raw('"');
                json.decimal(count);
                json.raw('"');
            }
            json.raw(BOUNDS);
            isFirst = true;
            for (double bound : bounds) {
                if (!isFirst) {
                    json.raw(',');
                }
                isFirst = false;
                json.number(bound);
            }
            json.raw(']');
        }

        /** Writes what stands after the points. */
        public void endMetric() {
            json.raw(END_OF_METRIC);
        }

        /** Writes what closes the body, and flushes. */
        public void end() {
            ENVELOPE.end(json);
            ENVELOPE.endBody(json);
            json.close(writers);
        }
    }
}
