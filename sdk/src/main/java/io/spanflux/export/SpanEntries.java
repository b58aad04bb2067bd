// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.SpanEncoder;
import io.spanflux.spool.SpoolEntry;
import io.spanflux.trace.Resource;
import io.spanflux.trace.Span;
import io.spanflux.transport.Payload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Spans as entries of a spool. */
record SpanEntries(SpanEncoder encoder) implements RecordSpool.Encoder<Span> {
    /** One entry for each run of spans of one resource, which is what the spans of a body share. */
    @Override
    public List<SpoolEntry> entries(List<Span> spans) throws IOException {
        List<SpoolEntry> entries = new ArrayList<>();
        int from = 0;
        for (int to = 1; to <= spans.size(); to++) {
            Resource resource = spans.get(from).resource();
            if (to == spans.size() || !spans.get(to).resource().equals(resource)) {
                entries.add(entry(spans.subList(from, to)));
                from = to;
            }
        }
        return entries;
    }

    private SpoolEntry entry(List<Span> spans) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Payload.Writing writing = new SpanPayload(spans, encoder, now -> now).begin(out);
        while (writing.writeNext()) {
            // Until it is complete.
        }
        byte[] body = out.toByteArray();
        return SpoolEntry.of(encoder.contentType(), spans.size(), SpanBounds.in(body, spans.size()), body);
    }
}
