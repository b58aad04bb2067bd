// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.reactor;

import io.spanflux.Spanflux;
import io.spanflux.config.Environment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.SkipException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The Reactive Streams TCK over a traced Flux and a traced Mono. It is written for TestNG; its checks are plain methods,
 * which this calls one by one.
 */
class TraceOperatorTckTest {
    private static final ReactiveTracer TRACE = ReactiveTracer.of(Spanflux.builder()
            .environment(Environment.of(Map.of("OTEL_TRACES_EXPORTER", "none")))
            .build());

    static class FluxVerification extends PublisherVerification<Long> {
        FluxVerification() {
            super(new TestEnvironment(500, 50), 500);
        }

        @Override
        public Publisher<Long> createPublisher(long elements) {
            return Flux.range(0, (int) Math.min(elements, 100_000))
                    .map(Long::valueOf)
                    .transform(TRACE.chat("p", "m"));
        }

        @Override
        public Publisher<Long> createFailedPublisher() {
            return Flux.<Long>error(new IllegalStateException("failed")).transform(TRACE.chat("p", "m"));
        }
    }

    static final class MonoVerification extends FluxVerification {
        @Override
        public Publisher<Long> createPublisher(long elements) {
            return (elements == 0 ? Mono.<Long>empty() : Mono.just(1L)).transform(TRACE.chat("p", "m"));
        }

        @Override
        public Publisher<Long> createFailedPublisher() {
            return Mono.<Long>error(new IllegalStateException("failed")).transform(TRACE.chat("p", "m"));
        }

        @Override
        public long maxElementsFromPublisher() {
            return 1;
        }
    }

    @TestFactory
    Stream<DynamicTest> flux() {
        FluxVerification verification = new FluxVerification();
        return checks().map(check -> DynamicTest.dynamicTest(check.getName(), () -> {
            if (!applies(verification, check)) {
                throw new AssertionError("skipped itself");
            }
        }));
    }

    /** Many checks need more than one element and skip themselves; the others must be these many, and pass. */
    @Test
    void mono() throws Throwable {
        MonoVerification verification = new MonoVerification();
        int applied = 0;
        for (Method check : checks().toList()) {
            applied += applies(verification, check) ? 1 : 0;
        }
        assertThat(applied).isEqualTo(12);
    }

    /** Those whose names begin with "untested" only say why there is no check. */
    private static Stream<Method> checks() {
        return Arrays.stream(PublisherVerification.class.getMethods())
                .filter(method -> method.isAnnotationPresent(org.testng.annotations.Test.class))
                .filter(method -> !method.getName().startsWith("untested"))
                .sorted(Comparator.comparing(Method::getName));
    }

    private static boolean applies(PublisherVerification<Long> verification, Method check) throws Throwable {
        try {
            verification.setUp();
            check.invoke(verification);
            return true;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SkipException) {
                return false;
            }
            throw e.getCause();
        }
    }
}
