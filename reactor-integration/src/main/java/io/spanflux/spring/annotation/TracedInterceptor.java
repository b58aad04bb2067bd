// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import io.spanflux.Spanflux;
import io.spanflux.diagnostics.RepeatedWarning;
import io.spanflux.reactor.ReactiveTracer;
import io.spanflux.thread.ThreadSpan;
import io.spanflux.trace.Attributes;
import io.spanflux.trace.Span;
import io.spanflux.trace.SpanBuilder;
import io.spanflux.trace.Tracer;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.support.AopUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Traces calls of methods.
 *
 * <p>Threads: any. What fails here is counted, and the call goes on without a span.
 */
final class TracedInterceptor implements MethodInterceptor {
    private static final Logger log = LoggerFactory.getLogger(TracedInterceptor.class);

    private final Supplier<Spanflux> spanflux;
    private final Supplier<ReactiveTracer> reactive;
    private final RepeatedWarning failures = new RepeatedWarning(log);

    /** Bounded by the methods that are annotated. */
    private final Map<Method, TracedMethod> methods = new ConcurrentHashMap<>();

    TracedInterceptor(Supplier<Spanflux> spanflux, Supplier<ReactiveTracer> reactive) {
        this.spanflux = spanflux;
        this.reactive = reactive;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        TracedMethod method = method(invocation);
        if (method == null) {
            return invocation.proceed();
        }
        return method.reactive() ? subscriptions(method, invocation) : call(method, invocation);
    }

    /** Null where nothing is traced. */
    private @Nullable TracedMethod method(MethodInvocation invocation) {
        try {
            if (!spanflux.get().tracer().isEnabled()) {
                return null;
            }
            Object target = invocation.getThis();
            Class<?> type =
                    target == null ? invocation.getMethod().getDeclaringClass() : AopUtils.getTargetClass(target);
            Method method = AopUtils.getMostSpecificMethod(invocation.getMethod(), type);
            TracedMethod known = methods.get(method);
            if (known == null) {
                known = TracedMethod.of(method, type);
                methods.put(method, known);
            }
            return known;
        } catch (Throwable e) {
            failed(e);
            return null;
        }
    }

    private void failed(Throwable failure) {
        failures.caught("A method could not be traced; it is called all the same.", failure);
    }

    // ---- Mono and Flux -------------------------------------------------------------------------------------------

    private @Nullable Object subscriptions(TracedMethod method, MethodInvocation invocation) throws Throwable {
        // What an argument says now, which may be changed before anybody subscribes.
        Attributes attributes = attributes(method, invocation);
        Object returned = invocation.proceed();
        if (!(returned instanceof Publisher<?> publisher)) {
            return returned;
        }
        try {
            Publisher<?> traced = traced(publisher, method, attributes);
            Class<?> declared = invocation.getMethod().getReturnType();
            // A ParallelFlux or a type of the application's own would not be one any more.
            if (declared.isInstance(traced) || !declared.isInstance(returned)) {
                return traced;
            }
            failures.warn("A method with @Traced returns " + declared.getName()
                    + ", which is neither Mono nor Flux nor above them; it is not traced.");
        } catch (Throwable e) {
            failed(e);
        }
        return returned;
    }

    private Attributes attributes(TracedMethod method, MethodInvocation invocation) {
        try {
            return method.attributes(invocation.getArguments());
        } catch (Throwable e) {
            failed(e);
            return Attributes.empty();
        }
    }

    private <T> Publisher<T> traced(Publisher<T> source, TracedMethod method, Attributes attributes) {
        ReactiveTracer tracer = reactive.get();
        if (attributes.isEmpty()) {
            return tracer.<T>trace(method::data).apply(source);
        }
        Publisher<T> described = source instanceof Mono<T> mono
                ? Mono.deferContextual(context -> described(mono, context, attributes))
                : Flux.deferContextual(context -> described(source, context, attributes));
        return tracer.<T>trace(method::data).apply(described);
    }

    private static <P> P described(P source, ContextView context, Attributes attributes) {
        Span span = Span.from(context);
        if (span != null) {
            span.attributes(attributes);
        }
        return source;
    }

    // ---- everything else -----------------------------------------------------------------------------------------

    private @Nullable Object call(TracedMethod method, MethodInvocation invocation) throws Throwable {
        Span span = start(method, invocation);
        if (span == null) {
            return invocation.proceed();
        }
        Object returned;
        try {
            returned = invocation.proceed();
        } catch (Throwable e) {
            span.error(e).end();
            throw e;
        }
        if (returned instanceof CompletionStage<?> stage) {
            endWith(stage, span);
        } else {
            span.end();
        }
        return returned;
    }

    private @Nullable Span start(TracedMethod method, MethodInvocation invocation) {
        try {
            Tracer tracer = spanflux.get().tracer();
            SpanBuilder builder = tracer.span(method.data());
            parent(builder, invocation.getArguments());
            return builder.start().attributes(attributes(method, invocation));
        } catch (Throwable e) {
            failed(e);
            return null;
        }
    }

    private static void parent(SpanBuilder builder, @Nullable Object[] arguments) {
        for (Object argument : arguments) {
            if (argument instanceof ContextView context) {
                builder.parent(context);
                return;
            } else if (argument instanceof Span parent) {
                builder.parent(parent);
                return;
            }
        }
        builder.parent(ThreadSpan.current());
    }

    private void endWith(CompletionStage<?> stage, Span span) {
        try {
            var unused = stage.whenComplete((value, failure) -> {
                if (failure != null) {
                    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                    span.error(cause == null ? failure : cause);
                }
                span.end();
            });
        } catch (Throwable e) {
            span.end();
            failed(e);
        }
    }

    long failures() {
        return failures.count();
    }
}
