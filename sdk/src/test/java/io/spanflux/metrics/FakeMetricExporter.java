// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.metrics;

import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.Metric;
import io.spanflux.encode.Temporality;
import io.spanflux.export.MetricExporter;
import io.spanflux.trace.Resource;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/** Keeps what it is given and answers as the test says. */
final class FakeMetricExporter implements MetricExporter {
    final List<List<Metric>> exports = new ArrayList<>();
    Mono<Outcome> answer = Mono.just(Outcome.DELIVERED);
    int hurries;
    int closes;
    int cancellations;
    private final Temporality temporality;

    FakeMetricExporter(Temporality temporality) {
        this.temporality = temporality;
    }

    @Override
    public Temporality temporality() {
        return temporality;
    }

    @Override
    public Mono<Outcome> export(Resource resource, List<Metric> metrics) {
        return Mono.defer(() -> {
            exports.add(metrics);
            return answer.doOnCancel(() -> cancellations++);
        });
    }

    @Override
    public void retryNow() {
        hurries++;
    }

    @Override
    public Mono<Void> close() {
        closes++;
        return Mono.empty();
    }

    @Override
    public String toString() {
        return "FakeMetricExporter";
    }

    List<Metric> lastMetrics() {
        return exports.get(exports.size() - 1);
    }

    List<Histogram> last() {
        return lastMetrics().stream()
                .filter(Histogram.class::isInstance)
                .map(Histogram.class::cast)
                .toList();
    }

    /** The points of a metric in the last export. */
    List<HistogramPoint> points(GenAiMetric metric) {
        return last().stream()
                .filter(histogram -> histogram.name().equals(metric.metricName()))
                .flatMap(histogram -> histogram.points().stream())
                .toList();
    }

    HistogramPoint point(GenAiMetric metric) {
        List<HistogramPoint> points = points(metric);
        if (points.size() != 1) {
            throw new AssertionError(metric + " has " + points.size() + " points: " + points);
        }
        return points.get(0);
    }

    List<String> names() {
        return last().stream().map(Histogram::name).toList();
    }
}
