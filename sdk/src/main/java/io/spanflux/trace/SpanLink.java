// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

/**
 * A causal relation to a span that is not the parent.
 *
 * @param context the other span
 * @param attributes what is to be said of the relation
 * @param droppedAttributes how many attributes exceeded the limit
 */
public record SpanLink(SpanContext context, Attributes attributes, int droppedAttributes) {}
