// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What all spans of a process have in common: the service, the SDK, where it runs. Immutable. */
public final class Resource {
    private final Attributes attributes;

    private Resource(Attributes attributes) {
        this.attributes = attributes;
    }

    /** A resource of these attributes, exempt from limits. */
    public static Resource of(Attributes attributes) {
        return new Resource(Objects.requireNonNull(attributes, "attributes == null"));
    }

    /** A resource of these attributes, exempt from limits. */
    public static Resource of(Map<String, ?> attributes) {
        return new Resource(Attributes.of(attributes));
    }

    /** This resource updated by {@code other}, whose values win. */
    public Resource merge(Resource other) {
        return new Resource(attributes.with(other.attributes));
    }

    /** The attributes. */
    public Attributes attributes() {
        return attributes;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Resource that && attributes.equals(that.attributes);
    }

    @Override
    public int hashCode() {
        return attributes.hashCode();
    }

    @Override
    public String toString() {
        return "Resource" + attributes.asMap().keySet();
    }
}
