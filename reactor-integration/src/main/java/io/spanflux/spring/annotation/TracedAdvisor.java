// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import io.spanflux.Spanflux;
import io.spanflux.reactor.ReactiveTracer;
import java.util.function.Supplier;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;
import org.springframework.core.Ordered;

/** Puts the span around {@link Traced} methods: outside of transactions, caches and retries, which are part of the call. */
public final class TracedAdvisor extends DefaultPointcutAdvisor {
    /** Traces with what the suppliers have, which are asked when the first traced method is called. */
    public TracedAdvisor(Supplier<Spanflux> spanflux, Supplier<ReactiveTracer> tracer) {
        super(new AnnotationMatchingPointcut(null, Traced.class, true), new TracedInterceptor(spanflux, tracer));
        setOrder(Ordered.HIGHEST_PRECEDENCE + 100);
    }

    /** How many times a call could not be described, or returned a type that cannot be traced. */
    public long failures() {
        return ((TracedInterceptor) getAdvice()).failures();
    }
}
