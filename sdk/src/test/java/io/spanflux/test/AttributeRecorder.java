// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.SpanData;
import io.spanflux.trace.SpanLimits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps attributes as they come, unlike an encoder's view of them nothing is brought into form; fails on a repeated key. */
public final class AttributeRecorder implements AttributeConsumer {
    private final Map<String, Object> recorded = new LinkedHashMap<>();
    private final SpanLimits limits;
    private int truncated;

    /** Within the default limits. */
    public AttributeRecorder() {
        this(SpanLimits.defaults());
    }

    /** Within {@code limits}, which whoever hands over attributes has to keep. */
    public AttributeRecorder(SpanLimits limits) {
        this.limits = limits;
    }

    /** What {@code data} says, in its order. */
    public static Map<String, Object> of(SpanData data) {
        AttributeRecorder recorder = new AttributeRecorder();
        data.forEachAttribute(recorder);
        return recorder.recorded();
    }

    /** Everything so far, in order. */
    public Map<String, Object> recorded() {
        return recorded;
    }

    /** How many values were said to be cut. */
    public int truncated() {
        return truncated;
    }

    @Override
    public SpanLimits limits() {
        return limits;
    }

    @Override
    public void truncated(int values) {
        truncated += values;
    }

    private void record(String key, Object value) {
        if (key == null || key.isEmpty() || value == null) {
            throw new AssertionError("not an attribute: " + key + '=' + value);
        }
        if (recorded.putIfAbsent(key, value) != null) {
            throw new AssertionError("handed over twice: " + key);
        }
    }

    @Override
    public void accept(String key, String value) {
        record(key, value);
    }

    @Override
    public void accept(String key, long value) {
        record(key, value);
    }

    @Override
    public void accept(String key, double value) {
        record(key, value);
    }

    @Override
    public void accept(String key, boolean value) {
        record(key, value);
    }

    @Override
    public void accept(String key, List<?> value) {
        record(key, value);
    }

    @Override
    public void accept(String key, Map<String, ?> value) {
        record(key, value);
    }
}
