// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.SpanKind;
import org.jspecify.annotations.Nullable;

import static io.spanflux.genai.GenAiAttributes.SERVER_ADDRESS;
import static io.spanflux.genai.GenAiAttributes.SERVER_PORT;

/**
 * What the types have in common that are a name, a kind and some attributes: unlike {@link Generation}, which is there
 * once for each call of a model, they need no fields of their own.
 */
abstract class DescribedData<S extends DescribedData<S>> extends ContentData<S> {
    private SpanKind kind;
    private Attributes attributes = Attributes.empty();

    DescribedData(SpanKind kind) {
        this.kind = kind;
    }

    /** Null and what has no form in which it could be exported changes nothing. */
    final S put(String key, @Nullable Object value) {
        if (!isFrozen() && value != null) {
            attributes = attributes.with(key, value);
        }
        return self();
    }

    final S putKind(SpanKind newKind) {
        if (!isFrozen()) {
            kind = newKind;
        }
        return self();
    }

    final S putServer(@Nullable String address, int port) {
        if (address == null) {
            return self();
        }
        put(SERVER_ADDRESS, address);
        return port > 0 ? put(SERVER_PORT, port) : self();
    }

    /** {@code operation object}, or the operation alone where the object is not known. */
    final String named(String operation, String objectKey) {
        Object object = attributes.get(objectKey);
        return object == null ? operation : operation + ' ' + object;
    }

    final @Nullable Object get(String key) {
        return attributes.get(key);
    }

    @Override
    public @Nullable Object metadata(String key) {
        return attributes.get(key);
    }

    @Override
    public final SpanKind kind() {
        return kind;
    }

    @Override
    public final int estimatedBytes() {
        return 128 + attributes.estimatedBytes() + contentBytes();
    }

    @Override
    public void forEachAttribute(AttributeConsumer to) {
        attributes.forEach(to);
        forEachContent(to);
    }

    @Override
    public void forEachMetadata(AttributeConsumer to) {
        attributes.forEach(to);
    }
}
