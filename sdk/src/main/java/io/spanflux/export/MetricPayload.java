// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.Metric;
import io.spanflux.encode.OtlpJsonMetricEncoder;
import io.spanflux.trace.Resource;
import io.spanflux.transport.Payload;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Metrics as a body: encoded point by point, anew for each attempt. */
record MetricPayload(Resource resource, List<Metric> metrics, OtlpJsonMetricEncoder encoder) implements Payload {
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
        private final Iterator<Metric> metrics;
        private @Nullable Metric metric;
        private int written;

        Body(OtlpJsonMetricEncoder.Encoding encoding, Iterator<Metric> metrics) {
            this.encoding = encoding;
            this.metrics = metrics;
        }

        @Override
        public boolean writeNext() {
            Metric current = metric;
            if (current != null && written < current.points().size()) {
                encoding.writePoint(current, written++);
                return true;
            }
            if (current != null) {
                encoding.endMetric();
                metric = null;
            }
            if (metrics.hasNext()) {
                Metric next = metrics.next();
                encoding.begin(next);
                metric = next;
                written = 0;
                return true;
            }
            encoding.end();
            return false;
        }
    }
}
