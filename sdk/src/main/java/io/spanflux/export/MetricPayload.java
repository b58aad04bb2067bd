// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.Histogram;
import io.spanflux.encode.HistogramPoint;
import io.spanflux.encode.OtlpJsonMetricEncoder;
import io.spanflux.trace.Resource;
import io.spanflux.transport.Payload;
import java.io.OutputStream;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Metrics as a body: encoded point by point, anew for each attempt. */
record MetricPayload(Resource resource, List<Histogram> metrics, OtlpJsonMetricEncoder encoder) implements Payload {
    @Override
    public String contentType() {
        return encoder.contentType();
    }

    @Override
    public Writing begin(OutputStream out) {
        return new Body(encoder.begin(out, resource), metrics.iterator());
    }

    private static final class Body implements Writing {
        private final OtlpJsonMetricEncoder.Encoding encoding;
        private final Iterator<Histogram> metrics;
        private @Nullable Histogram metric;
        private Iterator<HistogramPoint> points = Collections.emptyIterator();

        Body(OtlpJsonMetricEncoder.Encoding encoding, Iterator<Histogram> metrics) {
            this.encoding = encoding;
            this.metrics = metrics;
        }

        @Override
        public boolean writeNext() {
            Histogram current = metric;
            if (current != null && points.hasNext()) {
                encoding.writePoint(current, points.next());
                return true;
            }
            if (current != null) {
                encoding.endHistogram();
                metric = null;
            }
            if (metrics.hasNext()) {
                Histogram next = metrics.next();
                encoding.beginHistogram(next);
                metric = next;
                points = next.points().iterator();
                return true;
            }
            encoding.end();
            return false;
        }
    }
}
