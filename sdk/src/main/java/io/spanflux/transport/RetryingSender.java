// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.spanflux.diagnostics.RepeatedWarning;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Tries again what may succeed later: no answer at all, and the answers 429, 502, 503 and 504. Waits as
 * {@link RetryPolicy} says and never less than the server's {@code Retry-After}, of which at most 60 seconds count; gives
 * up by the age of a body, never by a count of attempts. Then the last answer, or the last error, is the outcome.
 *
 * <p>Threads: waits on {@code scheduler}, sends from there.
 */
public final class RetryingSender implements PayloadSender {
    private static final Logger log = LoggerFactory.getLogger(RetryingSender.class);

    private final PayloadSender delegate;
    private final RetryPolicy policy;
    private final Scheduler scheduler;
    private final DoubleSupplier random;
    private final RepeatedWarning failures = new RepeatedWarning(log);
    private final Set<Sending> active = ConcurrentHashMap.newKeySet();

    /** Sends through {@code delegate}; waits on {@code scheduler}. */
    public RetryingSender(PayloadSender delegate, RetryPolicy policy, Scheduler scheduler) {
        this(delegate, policy, scheduler, Math::random);
    }

    RetryingSender(PayloadSender delegate, RetryPolicy policy, Scheduler scheduler, DoubleSupplier random) {
        this.delegate = Objects.requireNonNull(delegate, "delegate == null");
        this.policy = Objects.requireNonNull(policy, "policy == null");
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler == null");
        this.random = random;
    }

    @Override
    public Mono<Response> send(Payload payload) {
        return Mono.using(
                () -> {
                    Sending sending = new Sending(scheduler.now(TimeUnit.NANOSECONDS));
                    active.add(sending);
                    return sending;
                },
                sending -> delegate.send(payload)
                        .flatMap(response ->
                                isRetryable(response) ? Mono.error(new Refused(response)) : Mono.just(response))
                        .retryWhen(Retry.from(signals -> signals.concatMap(signal -> pause(signal, sending), 0)))
                        .onErrorResume(Refused.class, refused -> Mono.just(refused.response)),
                active::remove);
    }

    /** A body on its way, and whether someone waits for it. */
    private static final class Sending {
        final long firstAttempt;
        private volatile boolean hurried;
        private volatile @Nullable MonoSink<Long> waiting;

        Sending(long firstAttempt) {
            this.firstAttempt = firstAttempt;
        }

        /** Ends the wait that may be cut short, or the next one. */
        void hurry() {
            hurried = true;
            MonoSink<Long> sink = waiting;
            if (sink != null) {
                hurried = false;
                sink.success(0L);
            }
        }

        /** Waits for {@code wait}, or for {@code atLeast} where someone is in a hurry. */
        Mono<Long> pause(Duration wait, Duration atLeast, Scheduler scheduler) {
            return Mono.create(sink -> {
                if (atLeast.isZero()) {
                    waiting = sink;
                }
                Duration actual = hurried ? atLeast : wait;
                hurried = false;
                Disposable timer = scheduler.schedule(() -> sink.success(0L), actual.toMillis(), TimeUnit.MILLISECONDS);
                sink.onDispose(() -> {
                    waiting = null;
                    timer.dispose();
                });
            });
        }
    }

    static boolean isRetryable(Response response) {
        int status = response.status();
        return status == 429 || status == 502 || status == 503 || status == 504;
    }

    /** No answer: refused, reset, cut off or timed out. What else goes wrong would go wrong again. */
    static boolean isRetryable(Throwable failure) {
        return failure instanceof Refused
                || (failure instanceof IOException
                        && !(failure instanceof ResponseTooLargeException)
                        && !(failure instanceof UnwritableBodyException))
                || failure instanceof TimeoutException;
    }

    private Mono<Long> pause(Retry.RetrySignal signal, Sending sending) {
        Throwable failure = signal.failure();
        if (!isRetryable(failure)) {
            return Mono.error(failure);
        }
        Duration serverAsks = failure instanceof Refused refused
                ? RetryAfter.parse(refused.response.retryAfter(), Instant.now())
                : Duration.ZERO;
        Duration own = policy.backoff(signal.totalRetries());
        // Between a half and all of our own wait; up to a tenth more than what the server asks of all its clients.
        Duration ours = scaled(own, 0.5 + random.getAsDouble() / 2);
        Duration theirs = scaled(serverAsks, 1 + random.getAsDouble() / 10);
        Duration wait = ours.compareTo(theirs) > 0 ? ours : theirs;
        long age = scheduler.now(TimeUnit.NANOSECONDS) - sending.firstAttempt;
        if (age + wait.toNanos() > policy.maxAge().toNanos()) {
            return Mono.error(failure);
        }
        failures.warn("Cannot deliver to " + target() + " (" + describe(failure) + "); trying again for up to "
                + policy.maxAge().toSeconds() + " s after the first attempt. Is the endpoint right and reachable?");
        return sending.pause(wait, theirs, scheduler);
    }

    private static Duration scaled(Duration duration, double factor) {
        return Duration.ofMillis((long) (duration.toMillis() * factor));
    }

    private static String describe(Throwable failure) {
        return failure instanceof Refused refused
                ? "status " + refused.response.status() + " " + refused.response.excerpt()
                : failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }

    @Override
    public void retryNow() {
        active.forEach(Sending::hurry);
    }

    @Override
    public String target() {
        return delegate.target();
    }

    @Override
    public Mono<Void> close() {

        return delegate.close();
    }

    @Override
    public String toString() {
        return "RetryingSender{" + delegate + ", " + policy + '}';
    }

    /** Carries a retryable answer through Reactor's retry, which knows errors only. */
    private static final class Refused extends RuntimeException {
        final transient Response response;

        Refused(Response response) {
            super(null, null, false, false);
            this.response = response;
        }
    }
}
