// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package org.example;

import io.spanflux.trace.Span;
import io.spanflux.trace.Tracer;

/** Code that is not Spanflux's, for tests about where a span was started. */
public final class LeakyApplication {
    private LeakyApplication() {}

    /** Starts a span that nobody ends. */
    public static Span forget(Tracer tracer) {
        return tracer.span("forgotten").start();
    }

    /** Starts one elsewhere. */
    public static Span forgetElsewhere(Tracer tracer) {
        return tracer.span("forgotten too").start();
    }
}
