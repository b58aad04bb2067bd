// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a span of each call of a method of a bean, on the class or on an interface.
 *
 * <pre>{@code
 * @Traced(value = "get_weather", as = Traced.As.TOOL)
 * Mono<Weather> weather(@SpanAttribute("city") String city) { ... }
 * }</pre>
 *
 * <p>A method that returns a {@code Mono} or {@code Flux}, or that suspends, is called as always; each subscription of what it
 * returns is a span, with the parent of the subscriber's {@code Context}. What it throws instead of returning has no span. Any
 * other method's span is the call, or lasts until the {@code CompletionStage} that it returns is complete; its parent is the
 * first argument that is a {@code ContextView} or a {@code Span}, else the
 * {@linkplain io.spanflux.thread.ThreadSpan thread's}, else it begins a trace.
 *
 * <p>It is a proxy that does so: a call from within the bean itself is not seen, nor are private and final methods.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Traced {
    /** The name. Default the class's simple name and the method's: {@code Tickets.load}. */
    String value() default "";

    /** What the method is. Default work inside this process. */
    As as() default As.SPAN;

    /** What a method may be. */
    enum As {
        /** Work inside this process. */
        SPAN,
        /** An agent; what happens inside becomes its children. */
        AGENT,
        /** A tool that a model asks for. */
        TOOL,
        /** A chain or graph that coordinates agents. */
        WORKFLOW
    }
}
