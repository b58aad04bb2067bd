// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.encode.OtlpJsonLogEncoder;
import io.spanflux.trace.LogRecord;
import io.spanflux.transport.Payload;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** Events as a body: encoded one by one, anew for each attempt; as old as the delivery that they are part of. */
record LogPayload(List<LogRecord> batch, OtlpJsonLogEncoder encoder, LongUnaryOperator since) implements Payload {
    @Override
    public String contentType() {
        return encoder.contentType();
    }

    @Override
    public long firstAttempt(long nowNanos) {
        return since.applyAsLong(nowNanos);
    }

    @Override
    public Writing begin(OutputStream out) {
        OtlpJsonLogEncoder.Encoding encoding = encoder.begin(out);
        Iterator<LogRecord> logs = batch.iterator();
        return () -> {
            if (logs.hasNext()) {
                encoding.write(logs.next());
                return true;
            }
            encoding.end();
            return false;
        };
    }
}
