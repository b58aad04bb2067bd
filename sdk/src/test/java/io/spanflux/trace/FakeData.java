// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.function.Consumer;

/** Span data whose every method does as the test says. */
class FakeData implements SpanData {
    int ends;
    int bytes = 256;
    private final Consumer<AttributeConsumer> attributes;

    FakeData(Consumer<AttributeConsumer> attributes) {
        this.attributes = attributes;
    }

    static FakeData saying(Consumer<AttributeConsumer> attributes) {
        return new FakeData(attributes);
    }

    static FakeData silent() {
        return new FakeData(to -> {});
    }

    @Override
    public String spanName() {
        return "fake";
    }

    @Override
    public SpanKind kind() {
        return SpanKind.CLIENT;
    }

    @Override
    public void forEachAttribute(AttributeConsumer consumer) {
        attributes.accept(consumer);
    }

    @Override
    public void end() {
        ends++;
    }

    @Override
    public int estimatedBytes() {
        return bytes;
    }
}
