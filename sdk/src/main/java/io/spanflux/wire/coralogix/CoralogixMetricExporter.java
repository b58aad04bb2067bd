// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.coralogix;

import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Metric;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter;
import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Resource;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Mono;

/** Says {@code gen_ai.system} where the conventions say {@code gen_ai.provider.name}, as the spans do. */
final class CoralogixMetricExporter implements MetricExporter {
    private final MetricExporter exporter;

    CoralogixMetricExporter(MetricExporter exporter) {
        this.exporter = exporter;
    }

    @Override
    public Temporality temporality() {
        return exporter.temporality();
    }

    @Override
    public Mono<Outcome> export(Resource resource, List<Metric> metrics) {
        return exporter.export(
                resource, metrics.stream().map(CoralogixMetricExporter::renamed).toList());
    }

    private static Metric renamed(Metric any) {
        if (!(any instanceof Histogram metric)) {
            return any;
        }
        return new Histogram(
                metric.name(),
                metric.description(),
                metric.unit(),
                metric.bounds(),
                metric.temporality(),
                metric.points().stream().map(CoralogixMetricExporter::renamed).toList());
    }

    private static HistogramPoint renamed(HistogramPoint point) {
        Attributes attributes = Attributes.empty();
        for (Map.Entry<String, Object> attribute : point.attributes().asMap().entrySet()) {
            String key = attribute.getKey();
            attributes = attributes.with(
                    key.equals(GenAiAttributes.PROVIDER_NAME) ? "gen_ai.system" : key, attribute.getValue());
        }
        return new HistogramPoint(
                attributes,
                point.startEpochNanos(),
                point.epochNanos(),
                point.count(),
                point.sum(),
                point.bucketCounts());
    }

    @Override
    public void retryNow() {
        exporter.retryNow();
    }

    @Override
    public Mono<Void> close() {
        return exporter.close();
    }

    @Override
    public String target() {
        return exporter.target();
    }

    @Override
    public String toString() {
        return exporter.toString();
    }
}
