// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.SpanEncoder;
import io.spanflux.trace.Span;
import io.spanflux.transport.Payload;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** A batch as a body: encoded span by span, anew for each attempt; as old as the delivery that it is part of. */
record SpanPayload(List<Span> batch, SpanEncoder encoder, LongUnaryOperator since) implements Payload {
    @Override
    public String contentType() {
        return encoder.contentType();
    }

    @Override
    public Map<String, String> headers() {
        return encoder.headers(batch);
    }

    @Override
    public long firstAttempt(long nowNanos) {
        return since.applyAsLong(nowNanos);
    }

    @Override
    public Writing begin(OutputStream out) throws IOException {
        SpanEncoder.Encoding encoding = encoder.begin(out);
        Iterator<Span> spans = batch.iterator();
        return () -> {
            if (spans.hasNext()) {
                encoding.write(spans.next());
                return true;
            }
            encoding.end();
            return false;
        };
    }
}
