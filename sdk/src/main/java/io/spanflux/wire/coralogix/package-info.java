// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Coralogix, as llm-tracekit writes to it: OTLP with three headers, in words of its own. What differs from llm-tracekit is
 * listed in docs/wire/llm-tracekit.md.
 */
@NullMarked
package io.spanflux.wire.coralogix;

import org.jspecify.annotations.NullMarked;
