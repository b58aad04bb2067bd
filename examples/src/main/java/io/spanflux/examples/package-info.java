// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * A support agent that answers tickets through an LLM, traced, as a user of Spanflux would write it. Begin with
 * {@link io.spanflux.examples.SupportAgent}, where the tracing is; {@link io.spanflux.examples.SupportAgentDemo} wires and
 * runs it, by default against a model and a collector of its own ({@code Loopback*}).
 */
@NullMarked
package io.spanflux.examples;

import org.jspecify.annotations.NullMarked;
