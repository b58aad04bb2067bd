// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanData;

/** A span that has a name and says nothing else by itself. */
record PlainSpan(String spanName) implements SpanData {
    @Override
    public void forEachAttribute(AttributeConsumer consumer) {}

    @Override
    public int estimatedBytes() {
        return 0;
    }
}
