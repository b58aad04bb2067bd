// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

import io.spanflux.trace.LogRecord;

/** A destination of events, which are log records in OpenTelemetry's words. */
public interface LogExporter extends RecordExporter<LogRecord> {
    /** Whether nobody there takes events: from then on they are counted and not queued. Never false again. Default false. */
    default boolean isUnwanted() {
        return false;
    }
}
