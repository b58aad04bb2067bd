// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;

/**
 * Sees the builder of the auto-configured {@link Spanflux} last, after the properties and the beans, and may overrule both.
 * Beans of this type are called in their order. What it throws fails the start of the application.
 */
@FunctionalInterface
public interface SpanfluxCustomizer {
    /** Sets what it wants on {@code builder}. */
    void customize(Spanflux.Builder builder);
}
